import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import Stripe from 'stripe';
import { verifySignature } from './signature.js';

const secret = 'whsec_made_up_for_tests';
const other = 'whsec_another_made_up_one';
const now = new Date('2026-11-23T12:00:00.400Z');
const seconds = Math.floor(now.getTime() / 1000);
const body = Buffer.from('{"id":"evt_1","object":"event"}');

function v1(timestamp: number | string, key = secret, bytes: Buffer = body): string {
  return createHmac('sha256', key).update(`${timestamp}.`).update(bytes).digest('hex');
}
function headerAt(timestamp: number | string, key = secret, bytes: Buffer = body): string {
  return `t=${timestamp},v1=${v1(timestamp, key, bytes)}`;
}
function verify(header: string | undefined, rawBody: Buffer = body, secrets: readonly string[] = [secret]): string {
  const result = verifySignature({ rawBody, header, secrets, now, toleranceSeconds: 300 });
  return result.ok ? 'ok' : result.code;
}

const good = v1(seconds);
const flipped = `${good.startsWith('0') ? '1' : '0'}${good.slice(1)}`;

describe('verifySignature', () => {
  it.each([
    ['a signature of now', headerAt(seconds), 'ok'],
    ['exactly 300 s old', headerAt(seconds - 300), 'ok'],
    ['exactly 300 s ahead', headerAt(seconds + 300), 'ok'],
    ['301 s old', headerAt(seconds - 301), 'signature_expired'],
    ['301 s ahead', headerAt(seconds + 301), 'signature_expired'],
    ['a year ahead', headerAt(seconds + 31_536_000), 'signature_expired'],
    ['no header', undefined, 'signature_missing'],
    ['an empty header', '', 'signature_missing'],
    ['a blank header', '   ', 'signature_missing'],
    ['the wrong secret', headerAt(seconds, other), 'signature_mismatch'],
    ['the wrong secret and too old', headerAt(seconds - 999, other), 'signature_mismatch'],
    ['one hex digit changed', `t=${seconds},v1=${flipped}`, 'signature_mismatch'],
    ['v0 only', `t=${seconds},v0=${good}`, 'signature_mismatch'],
    ['v0 beside v1', `t=${seconds},v0=${flipped},v1=${good}`, 'ok'],
    ['no t', `v1=${good}`, 'signature_mismatch'],
    ['t twice, last right', `t=1,t=${seconds},v1=${good}`, 'signature_mismatch'],
    ['t twice, both right', `t=${seconds},t=${seconds},v1=${good}`, 'signature_mismatch'],
    ['the header sent twice', `${headerAt(seconds)}, ${headerAt(seconds)}`, 'signature_mismatch'],
    ['upper-case hex', `t=${seconds},v1=${good.toUpperCase()}`, 'signature_mismatch'],
    ['t that is no number', `t=abc,v1=${v1('abc')}`, 'signature_mismatch'],
    ['t with a sign', `t=+${seconds},v1=${v1(`+${seconds}`)}`, 'signature_mismatch'],
    ['t with a fraction', `t=${seconds}.5,v1=${v1(`${seconds}.5`)}`, 'signature_mismatch'],
    ['t as hex', `t=0x6924,v1=${v1('0x6924')}`, 'signature_mismatch'],
    ['t beyond all clocks', `t=9999999999999,v1=${v1('9999999999999')}`, 'signature_mismatch'],
    ['a negative t', `t=-5,v1=${v1('-5')}`, 'signature_mismatch'],
    ['an empty t', `t=,v1=${good}`, 'signature_mismatch'],
    ['a space after the comma', `t=${seconds}, v1=${good}`, 'signature_mismatch'],
    ['a trailing comma', `t=${seconds},v1=${good},`, 'signature_mismatch'],
    ['a short signature', `t=${seconds},v1=${good.slice(0, 62)}`, 'signature_mismatch'],
    ['a long signature', `t=${seconds},v1=${good}00`, 'signature_mismatch'],
    ['an empty v1', `t=${seconds},v1=`, 'signature_mismatch'],
    ['several v1, the last right', `t=${seconds},v1=${flipped},v1=${good}`, 'ok'],
    ['several v1, none right', `t=${seconds},v1=${flipped},v1=${flipped}`, 'signature_mismatch'],
    ['16 KB of v1', `t=${seconds}${`,v1=${flipped}`.repeat(240)}`, 'signature_mismatch'],
    ['text that is no header', 'hello', 'signature_mismatch'],
    ['a line break inside', `t=${seconds},v1=${good}\n`, 'signature_mismatch'],
  ])('F14: F15: %s', (_name, header, expected) => {
    expect(verify(header)).toBe(expected);
  });

  it('F18: takes either secret while they are being rotated', () => {
    expect(verify(headerAt(seconds, other), body, [secret, other])).toBe('ok');
    expect(verify(headerAt(seconds, secret), body, [secret, other])).toBe('ok');
    expect(verify(headerAt(seconds, other), body, [secret])).toBe('signature_mismatch');
  });

  it('tells when it was signed', () => {
    const result = verifySignature({
      rawBody: body,
      header: headerAt(seconds - 7),
      secrets: [secret],
      now,
      toleranceSeconds: 300,
    });
    expect(result).toEqual({ ok: true, signedAt: new Date((seconds - 7) * 1000) });
  });

  it('accepts what the official SDK signs', () => {
    const payload = body.toString();
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds });
    expect(verify(header)).toBe('ok');
  });

  it('S1: compares bytes, so a byte-order mark or a replaced byte is another body', () => {
    const withMark = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]);
    expect(verify(headerAt(seconds), withMark)).toBe('signature_mismatch');
    const replaced = Buffer.from('{"name":"\uFFFD"}');
    const invalid = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(verify(headerAt(seconds, secret, replaced), invalid)).toBe('signature_mismatch');
    expect(verify(headerAt(seconds, secret, invalid), invalid)).toBe('ok');
  });

  it('S1: accepts any body that was signed and none that was changed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, change) => {
        const signed = Buffer.from(bytes);
        const changed = Buffer.from(bytes);
        const index = at % changed.length;
        changed.writeUInt8(changed.readUInt8(index) ^ change, index);
        expect(verify(headerAt(seconds, secret, signed), signed)).toBe('ok');
        expect(verify(headerAt(seconds, secret, signed), changed)).toBe('signature_mismatch');
      }),
    );
  });

  it('answers every header without throwing', () => {
    fc.assert(fc.property(fc.string(), (header) => expect(verify(header)).not.toBe('ok')));
  });

  it.each([0, -1, Number.NaN])(
    'F17: refuses a tolerance of %s, which would switch the check off',
    (toleranceSeconds) => {
      const input = { rawBody: body, header: headerAt(seconds), secrets: [secret], now, toleranceSeconds };
      expect(() => verifySignature(input)).toThrow(RangeError);
    },
  );

  it.each([[[]], [['']], [[secret, ' ']]])('F19: refuses secrets that anyone could guess: %j', (secrets) => {
    const input = { rawBody: body, header: headerAt(seconds), secrets, now, toleranceSeconds: 300 };
    expect(() => verifySignature(input)).toThrow(RangeError);
  });
});
