import { describe, expect, it } from '@jest/globals';
import { statusOf } from './connection.client.js';

describe('statusOf', () => {
  const answer = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello';

  it('reads the status of a whole answer', () => {
    expect(statusOf(answer)).toBe(503);
  });

  it('waits for an answer that has not arrived whole, wherever it was cut', () => {
    for (let cut = 0; cut < answer.length; cut += 1) expect(statusOf(answer.slice(0, cut))).toBeUndefined();
  });

  it('refuses an answer whose end it could not know', () => {
    expect(() => statusOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')).toThrow('Content-Length');
  });
});
