/** What a final pass leaves open, in words: for the plan, and for whoever approves the deletion. */

/** @param sample contacts without history that a hot pass reads, on average: each is drawn for itself */
export function riskOf(mode: 'full' | 'hot', sample = 0): string {
  if (mode === 'full') return 'none: every contact is read again after the producers have stopped'
  // The rule of three: of a share p, a sample of about n shows none with a probability of e^(-np), which is 5 % at 3/n.
  const bound = Math.min(100, (3 / sample) * 100).toFixed(2)
  return (
    `contacts without history are not all read again; of them about ${sample} are, and if none of these has received an ` +
    `interaction since the base pass, at most ${bound} % of the others have (95 % confidence): those would be lost`
  )
}
