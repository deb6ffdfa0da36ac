/**
 * What nobody says about the API, decided here and nowhere else.
 * Guarantees: none: each line is a guess of ours, to be changed the day someone knows better. What a rehearsal
 * may want to vary is an option of the sandbox instead (behaviour.ts).
 */

/** GET or POST of interactions that names a schema which isn't there. (The message is known: `Schema '<id>' not found`.) */
export const UNKNOWN_SCHEMA_STATUS = 400

/** GET or POST of interactions of a contact that never was or was deleted. */
export const UNKNOWN_CONTACT_STATUS = 404

/** POST of a schema whose id is taken. */
export const DUPLICATE_SCHEMA_STATUS = 409

/** POST of a schema that breaks a rule, or one too many. */
export const BAD_SCHEMA_STATUS = 400

/** POST of an interaction: the documentation of clients says 200 or 201. */
export const CREATED_INTERACTION_STATUS = 201

/** POST of an interaction that the server ignores without saying so (option `invalid: 'ignore'`). */
export const IGNORED_INTERACTION_STATUS = 200

/** DELETE of a schema or an interaction: 200 with an empty body. */
export const DELETED_STATUS = 200

/** contacts/changes where the vendor hasn't activated it for the tenant. */
export const CHANGES_NOT_ACTIVATED_STATUS = 403

/** Whether receiving an interaction makes its contact one that was updated. */
export const INTERACTION_UPDATES_CONTACT: boolean = false

/** What fetch sends where the caller names no user agent: as good as none. */
export const DEFAULT_USER_AGENT = 'node'
