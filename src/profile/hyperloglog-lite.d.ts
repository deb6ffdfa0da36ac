/** What we use of it; it comes without types. */
declare module 'hyperloglog-lite' {
  type Hash = readonly [number, number, number, number]

  interface Counter {
    add(hash: Hash): unknown
    count(): number
  }

  /** A counter of 2 to the power of `bits` registers, a byte each. */
  function HyperLogLog(bits: number): Counter

  namespace HyperLogLog {
    function hash(text: string): Hash
  }

  export default HyperLogLog
}
