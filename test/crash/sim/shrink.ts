/**
 * From a scenario that fails to the fewest ingredients that still make it fail.
 * Guarantees: what is returned was seen failing; no single ingredient of it can be left out.
 */
import { type Ingredient, ingredientsOf, type Scenario } from './scenario.ts'

/**
 * @param fails runs a scenario
 * @returns the ingredients that are needed
 */
export async function shrink(
  scenario: Scenario,
  fails: (scenario: Scenario) => Promise<boolean>,
): Promise<readonly Ingredient[]> {
  let needed = ingredientsOf(scenario)
  const only = (kept: readonly Ingredient[]): Scenario =>
    onlyThese(
      scenario,
      kept.map(({ name }) => name),
    )
  // Halves first, so that a long list goes quickly; then one by one.
  for (let size = Math.ceil(needed.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < needed.length; ) {
      const rest = [...needed.slice(0, at), ...needed.slice(at + size)]
      if (await fails(only(rest))) needed = rest
      else at += size
    }
  }
  return needed
}

/** @returns the scenario with the named ingredients only */
export function onlyThese(scenario: Scenario, names: readonly string[]): Scenario {
  const kept = new Set(names)
  return ingredientsOf(scenario)
    .filter(({ name }) => !kept.has(name))
    .reduce((reduced, ingredient) => ingredient.without(reduced), scenario)
}
