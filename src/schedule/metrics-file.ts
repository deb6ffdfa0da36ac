/**
 * The file that a node exporter reads.
 * Guarantees: under its name there is never half a text; it can be read by other users, and holds no personal data.
 */
import { constants } from 'node:fs'
import { access, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { codeOf, EXIT, messageOf, OperatorError } from '../errors.ts'

/**
 * Asked before a run begins: where it turns out at the end, nobody may ever look.
 * @throws OperatorError (exit 2) where no node exporter would read the file, or it can't be written
 */
export async function checkMetricsFile(file: string): Promise<void> {
  if (!file.endsWith('.prom'))
    throw refusal(`The node exporter reads only files that end in .prom; it is ${file}.`)
  try {
    await access(dirname(resolve(file)), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw refusal(`${file} can't be written: ${codeOf(error) ?? messageOf(error)}.`)
  }
}

/** @returns what the file holds; an empty text where there is none, or it can't be read */
export async function readMetrics(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

/**
 * Replaces the file by one with this text, mode 0644.
 * @throws OperatorError (exit 1) where the disk refuses; the file is then as it was
 */
export async function writeMetrics(file: string, text: string): Promise<void> {
  // Beside it, since only within a file system is a rename all or nothing; the exporter passes over this name.
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(temporary, 'w', 0o644)
    try {
      await handle.writeFile(text)
      // Whatever the umask is: the node exporter is another user.
      await handle.chmod(0o644)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new OperatorError({
      what: `Cannot write the metrics file ${file}: ${codeOf(error) ?? messageOf(error)}.`,
      safe: 'It is as it was; snapshots have nothing to do with it.',
      next: 'Make sure that its folder exists and can be written.',
      exit: EXIT.failed,
      cause: error,
    })
  }
}

function refusal(what: string): OperatorError {
  return new OperatorError({
    what,
    safe: 'Nothing was sent or changed.',
    next: 'Mend --metrics-file and run the same command again.',
    exit: EXIT.usage,
  })
}
