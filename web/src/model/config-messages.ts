// What is said about configuration, members, health and alarms, as it is on the wire.

export interface Field {
  name: string;
  type: 'name' | 'dial' | 'text' | 'integer' | 'flag' | 'choice' | 'reference' | 'endpoint' | 'password' | (string & {});
  required: boolean;
  list: boolean;
  secret: boolean;
  /** Read when something starts or somebody logs in; others are live. */
  at_start: boolean;
  minimum: number;
  maximum: number;
  default?: unknown;
  refers?: string;
  words?: string[];
  /** Applications: for these roles only, words with spaces between. */
  only?: string;
  help: string;
}

export interface Kind {
  name: string;
  plural: string;
  help: string;
  fields: Field[];
}

export type ConfigObject = { version?: number } & Record<string, unknown>;

export interface ObjectPage {
  objects: ConfigObject[];
  next?: string;
}

export interface ObjectName {
  kind: string;
  name: string;
}

export interface Change extends ObjectName {
  action: 'put' | 'delete';
  object?: ConfigObject;
  /** What the requester has seen; 0: it must not exist. */
  version: number;
}

export interface MadeChange extends ObjectName {
  action: 'create' | 'change' | 'delete' | 'same';
  before?: ConfigObject | null;
  after?: ConfigObject | null;
  version: number;
}

export interface Transaction {
  number: number;
  at: string;
  by: string;
  comment: string;
  changes: MadeChange[];
}

export interface TransactionPage {
  changes: Transaction[];
  next?: number | null;
}

export interface Member {
  name: string;
  location?: string;
  state: 'new' | 'trusted' | 'revoked' | (string & {});
  address?: string;
  fingerprint?: string;
  instance_id?: string;
  requested_at?: number;
  /** When its certificate ends; absent: it has none. */
  ends_at?: number;
}

export interface EnrolmentCode {
  name: string;
  code: string;
  code_ends_at: number;
}

/** A way to the world outside, all proxies of its location together. */
export interface Trunk {
  name: string;
  location: string;
  group: string;
  host: string;
  state: 'in-service' | 'degraded' | 'out-of-service' | 'not-asked' | 'disabled' | 'unknown' | (string & {});
  since?: string;
  calls: number;
  /** 0: no limit. */
  capacity: number;
  calls_in: number;
  calls_out: number;
  registration?: 'none' | 'asking' | 'registered' | 'refused' | (string & {});
  error?: string;
  error_at?: string;
  /** How many calls were not carried, by reason. */
  reasons: Record<string, number>;
}

/** Somebody who is shut out: by the program, or by hand (an object of the configuration). */
export interface Ban {
  network: string;
  by: 'program' | 'hand' | (string & {});
  /** Microseconds since 1970; "0": not by itself. */
  until: string;
  times: number;
  why: string;
}

/** A number that does what it should not. */
export interface OddNumber {
  number: string;
  what: string;
  until: string;
}

export interface Bans {
  bans: Ban[];
  numbers: OddNumber[];
}

export interface Alarm {
  id: number;
  alarm: string;
  severity: 'critical' | 'major' | 'minor' | (string & {});
  object: string;
  text: string;
  /** What to do. */
  advice?: string;
  raised_at: string;
  cleared_at?: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
}
