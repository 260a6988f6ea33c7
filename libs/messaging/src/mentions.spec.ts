import { describe, expect, it } from '@jest/globals';
import { mentionsIn } from './mentions.js';

const none = Buffer.from('{}');

describe('whom an event names', () => {
  it('is who stands in a field that holds a user, with or without a space before', () => {
    const body = Buffer.from('{"user_id":"ann","metadata":{"user_id": "bob"},"client_reference_id":"cy","name":"dee"}');
    expect(mentionsIn('{"subject":"eve"}', body).userIds).toEqual(['eve', 'ann', 'bob', 'cy']);
  });

  it('is read from headers that were never decoded', () => {
    expect(mentionsIn('{"cloudEvents:subject":"ann"}', none).userIds).toEqual(['ann']);
  });

  it('is the id itself, however JSON writes it', () => {
    expect(mentionsIn('{}', Buffer.from(String.raw`{"user_id":"a\"b\u00e9"}`)).userIds).toEqual(['a"bé']);
  });

  it("includes Stripe's objects wherever they stand", () => {
    const body = Buffer.from('{"data":{"object":{"id":"sub_1A","customer":"cus_1A","note":"not an id"}}}');
    expect(mentionsIn('{}', body).stripeIds).toEqual(['sub_1A', 'cus_1A']);
  });

  it('is still found in bytes that are cut off or no text at all', () => {
    const body = Buffer.concat([Buffer.from([0xff, 0x00]), Buffer.from('"user_id":"ann","customer":"cus_1')]);
    expect(mentionsIn('', body)).toEqual({ userIds: ['ann'], stripeIds: [] });
    expect(mentionsIn('', Buffer.from('"user_id":"a\\x"')).userIds).toEqual([]);
  });
});
