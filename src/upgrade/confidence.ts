/**
 * What a random sample says of all that it was drawn from.
 * Guarantees: pure; the bound is the exact one of Clopper and Pearson, which is never too low, however small the sample or the
 * share is.
 */

/** Chance that the truth lies above the bound. */
const RISK = 0.05
/** Halvings of an interval of 1, after which a double can't tell its ends apart. */
const HALVINGS = 60

/**
 * @param hits how many of the sample have it
 * @param drawn how many were drawn, each as likely; of a limited number, not put back, the bound is rather too high
 * @returns the share of all, from 0 to 1, that is not exceeded at 95 % confidence (one-sided); 1 where nothing was drawn
 */
export function upperBound(hits: number, drawn: number): number {
  if (hits >= drawn) return 1
  if (hits === 0) return -Math.expm1(Math.log(RISK) / drawn)
  let [low, high] = [hits / drawn, 1]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2
    if (atMost(hits, drawn, middle) > RISK) low = middle
    else high = middle
  }
  return high
}

/** Probability that of `drawn`, each with the chance `share`, at most `hits` have it: in logarithms, so that nothing underflows. */
function atMost(hits: number, drawn: number, share: number): number {
  const odds = Math.log(share) - Math.log1p(-share)
  let exact = drawn * Math.log1p(-share)
  let sum = exact
  for (let each = 1; each <= hits; each++) {
    exact += Math.log((drawn - each + 1) / each) + odds
    const [less, more] = sum < exact ? [sum, exact] : [exact, sum]
    sum = more + Math.log1p(Math.exp(less - more))
  }
  return Math.exp(sum)
}
