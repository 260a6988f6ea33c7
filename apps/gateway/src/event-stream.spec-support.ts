import { toFields } from './test-browser.spec-support.js';

export interface StreamEvent {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** A stream of server-sent events as a browser reads it. */
export interface EventStream {
  status: number;
  headers: Headers;
  /** What has come so far. */
  events: StreamEvent[];
  retryMs: number | null;
  hasEnded: boolean;
  close(): void;
}

/** Comes back as soon as the answer has begun. */
export async function follow(url: string, headers: Record<string, string>): Promise<EventStream> {
  const closing = new AbortController();
  const response = await fetch(url, { headers, signal: closing.signal });
  const stream: EventStream = {
    status: response.status,
    headers: response.headers,
    events: [],
    retryMs: null,
    hasEnded: false,
    close: () => closing.abort(),
  };
  void readInto(stream, response).catch(() => {
    stream.hasEnded = true;
  });
  return stream;
}

async function readInto(stream: EventStream, { body }: Response): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) take(stream, frame);
  }
  stream.hasEnded = true;
}

function take(stream: EventStream, frame: string): void {
  const fields: Partial<Record<string, string>> = {};
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(':');
    fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  const { retry, event = '', id = '', data } = fields;
  if (retry !== undefined) stream.retryMs = Number(retry);
  if (data !== undefined) stream.events.push({ event, id, data: toFields(data) });
}
