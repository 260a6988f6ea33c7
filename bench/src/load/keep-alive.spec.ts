import { describe, expect, it } from '@jest/globals';
import { parseAnswer } from './keep-alive.client.js';

const answer = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\n{"é"';

describe('an answer', () => {
  it('is read once it is complete, wherever it was cut', () => {
    const bytes = Buffer.from(answer.replace('é', 'e'));
    for (let cut = 0; cut < bytes.length; cut += 1) expect(parseAnswer(bytes.subarray(0, cut))).toBeUndefined();
    expect(parseAnswer(bytes)).toEqual({ status: 503, body: '{"e"' });
  });

  it('counts its length in bytes', () => {
    expect(parseAnswer(Buffer.from(answer))).toEqual({ status: 503, body: '{"é' });
  });

  it('that does not say how long it is ends the run instead of hanging it', () => {
    expect(() => parseAnswer(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'))).toThrow('length');
  });
});
