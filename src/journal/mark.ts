/**
 * How far a journal has got: a number that only rises.
 * Guarantees: it is higher after each change of an item, and for each process that takes the run up; whoever keeps it
 * elsewhere is told of it when it is durable here and before anybody is told that the change is. So a journal that is
 * behind what was kept is not the one that the run went on with.
 */
import type { DatabaseSync } from 'node:sqlite'
import { transaction } from './tables.ts'

export interface Mark {
  /** @returns how far it has got; 0 where no process has raised it yet */
  reached(): number
  /** @returns how far it has got now: further than before, and than `beyond`. Durable on return, or with its transaction. */
  raise(beyond?: number): number
  /** @param keep told of every new height from now on; what it throws is the failure of the change */
  keepBy(keep: (reached: number) => void): void
}

/** The part of it that changes of items go through. */
export interface Stamp {
  /** Within the transaction of a change. */
  put(): void
  /** When it is durable. */
  tell(): void
}

export function createMark(db: DatabaseSync): Mark & Stamp {
  const select = db.prepare("SELECT value FROM cursors WHERE name = 'mark'")
  const move = db.prepare(
    "INSERT INTO cursors (name, value) VALUES ('mark', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  )
  let keep: (reached: number) => void = () => {}
  const reached = (): number => Number(select.get()?.['value'] ?? 0)
  const raise = (beyond = 0): number => {
    const next = Math.max(reached(), beyond) + 1
    transaction(db, () => move.run(next))
    return next
  }
  return {
    reached,
    raise,
    keepBy(keeper) {
      keep = keeper
    },
    put: () => void raise(),
    tell: () => keep(reached()),
  }
}
