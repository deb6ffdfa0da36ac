/** `snapshots …`: what there is, and what is done with it. */
import type { Command } from './command.ts'
import { snapshotsCompact } from './snapshots-compact.ts'
import { snapshotsCreate } from './snapshots-create.ts'
import { snapshotsDiff } from './snapshots-diff.ts'
import { snapshotsForgetContact } from './snapshots-forget-contact.ts'
import { snapshotsList } from './snapshots-list.ts'
import { snapshotsPrune } from './snapshots-prune.ts'
import { snapshotsShow } from './snapshots-show.ts'

/** In the order of the help. */
export const snapshots: readonly Command[] = [
  snapshotsList,
  snapshotsShow,
  snapshotsDiff,
  snapshotsCreate,
  snapshotsCompact,
  snapshotsPrune,
  snapshotsForgetContact,
]
