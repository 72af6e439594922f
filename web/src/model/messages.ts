// The gateway's words, as they are on the wire: snake_case, 64-bit numbers and times (microseconds) as strings.

export const DEVICE_STATES = ['ringing', 'dialling', 'talking', 'held', 'idle', 'out_of_service'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

export const CALL_STATES = ['ringing', 'dialling', 'established', 'held', 'ending'] as const;
export type CallState = (typeof CALL_STATES)[number];

export const RESULTS = ['answered', 'abandoned', 'busy', 'no_answer', 'rejected', 'failed', 'lost', 'open'] as const;
export type CallResult = (typeof RESULTS)[number];

export interface Contact {
  uri: string;
  transport: string;
  proxy: string;
  expires_at: string;
}

export interface Device {
  dn: string;
  name: string;
  state: DeviceState;
  registered: boolean;
  contacts: Contact[];
  call_ids: string[];
  since: string;
}

export interface Call {
  call_id: string;
  state: CallState;
  from: string;
  to: string;
  started_at: string;
  answered_at: string | null;
  node: string;
  location: string;
  attributes?: Record<string, string>;
}

export interface PastCall {
  call_id: string;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  from: string;
  to: string;
  result: CallResult;
  cause: string;
  node: string;
  location: string;
  attributes?: Record<string, string>;
}

export interface HistoryPage {
  calls: PastCall[];
  next: string | null;
}

/** A phone that is registered. */
export interface Registration {
  dn: string;
  name?: string;
  contact: string;
  proxy: string;
  transport: string;
  address?: string;
  registered_at: string;
  expires_at: string;
  q: number;
  user_agent?: string;
  /** Of a phone with several flows (RFC 5626): which phone, and which of its flows. */
  instance?: string;
  reg_id?: number;
}

export interface RegistrationPage {
  /** Of the location, whatever is looked for. */
  count: number;
  registrations: Registration[];
  next: string | null;
}

export interface User {
  user: string;
  name: string;
  role: string;
}

export interface Instance {
  role: string;
  name: string;
  health: string;
  location?: string;
  /** The process that it runs in. */
  member?: string;
  since?: string;
  why?: string;
  /** Of proxies: where phones register, as "udp:127.0.0.1:5060". */
  listen?: string[];
}

export interface Status {
  version: string;
  location: string;
  instances: Instance[];
}

export interface Position {
  epoch: string;
  number: string;
}

export type Topic = 'devices' | 'calls';

export interface Hello {
  hello: { resume: Position | null; watch: Topic[] };
}

export interface Snapshot extends Position {
  devices: Device[];
  calls: Call[];
}

export interface Changes {
  number: string;
  devices: Device[];
  calls: Call[];
  devices_gone: string[];
  calls_gone: string[];
}

export type ByeReason = 'logged_out' | 'shutdown' | 'lagging';

export type ServerMessage =
  | { kind: 'snapshot'; body: Snapshot }
  | { kind: 'resumed'; body: Position }
  | { kind: 'changes'; body: Changes }
  | { kind: 'bye'; reason: string };
