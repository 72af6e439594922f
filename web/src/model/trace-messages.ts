/** What each proxy says of its own messages: GET /api/trace/... */
export interface TraceAnswers<T> {
  /** How many proxies were asked; those that were silent are missing below. */
  asked: number;
  answers: T[];
}

export interface TraceDialog {
  sip: string;
  /** The id of the call that it is part of, or ''. */
  call: string;
  method: string;
  from: string;
  to: string;
  began_at: string;
  messages: number;
}

export interface TraceDialogs {
  proxy: string;
  dialogs: TraceDialog[];
}

export interface TraceMessage {
  number: string;
  at: string;
  received: boolean;
  kind: 'pair' | 'proxy' | 'trunk' | 'outside';
  name: string;
  local: string;
  peer: string;
  transport: string;
  length: number;
  text: string;
}

export interface TraceMessages {
  proxy: string;
  messages: TraceMessage[];
  last: string;
  more: boolean;
}
