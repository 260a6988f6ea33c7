import { Retryable } from '@billhook/runtime';
import { waitFor } from '@billhook/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { topology } from './topology.js';
import { applyAll, queue, TransportUnderTest } from './transport.spec-support.js';

const { deadLetterQueue: deadQueue } = topology.queues[queue];

let under: TransportUnderTest;

beforeEach(async () => {
  under = await TransportUnderTest.create();
});
afterEach(async () => {
  await under.end();
});

describe('a consumer whose broker or dependency fails', () => {
  it('F4: starts while the broker is away, says so, and consumes within five seconds of its return', async () => {
    under.cable.pull();
    await under.start();
    expect(await under.trouble()).toContain(queue);
    under.send('evt_1');
    under.cable.mend();
    await waitFor('the event', () => under.seen.length === 1, 5_000);
    await under.ready();
  });

  it('F26: takes nothing before its database is there, so that nothing comes back as redelivered', async () => {
    under.isReady = false;
    under.send('evt_1');
    await under.start();
    await waitFor('the wait', async () => (await under.trouble())?.includes('waits for what it needs'));
    // A quorum queue counts an event a moment after it was sent.
    const there = await waitFor('the event in the queue', async () => {
      const state = await under.channel.checkQueue(queue);
      return state.messageCount === 1 && state;
    });
    expect([there.consumerCount, under.seen]).toEqual([0, []]);
    under.isReady = true;
    await waitFor('the event', () => under.seen.length === 1);
    expect(under.deliveries[0]?.redelivered).toBe(false);
  });

  it('F43: is back soon when its queue is replaced, also where the broker counts a consumer that it does not reach', async () => {
    await under.start();
    await under.ready();
    await under.replaceQueue();
    under.send('evt_1');
    await waitFor('the event', () => under.seen.includes('evt_1'), 5_000);
    await under.ready();
  });

  it('F43: is not ready while its queue is missing, and consumes when it is declared again', async () => {
    await under.start();
    await under.ready();
    await under.channel.deleteQueue(queue);
    await waitFor('the loss', async () => (await under.trouble())?.includes('not being consumed'), 5_000);
    await under.replaceQueue();
    await under.ready(5_000);
  });

  it('F7: is not ready while the broker is silent, and consumes again after the connection is gone', async () => {
    await under.start();
    await under.ready();
    under.cable.mute();
    await waitFor(
      'the silence to be noticed',
      async () => (await under.trouble())?.includes('does not answer'),
      12_000,
    );
    under.cable.cut();
    await under.ready(5_000);
    under.send('evt_1');
    await waitFor('the event', () => under.seen.length === 1);
  });

  it('is not ready while its handler hangs at one batch', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    under.handle = async (batch) => {
      await held;
      return applyAll(batch);
    };
    await under.start({ longBatchMs: 100 });
    under.send('evt_1');
    await waitFor('the complaint', async () => (await under.trouble())?.includes('at one batch'));
    letGo();
    await under.ready();
  });

  it('F39: tries what breaks its handler ever later, so that a handler broken for an hour costs no message', async () => {
    under.handle = () => Promise.reject(new Error('its migration has not run yet'));
    await under.start();
    under.send('evt_1');
    await waitFor('the first try', () => under.seen.length === 1);
    const begin = performance.now();
    await waitFor('the fourth', () => under.seen.length === 4, 15_000);
    expect(performance.now() - begin).toBeGreaterThan(1_000 + 2_000 + 4_000 - 100);
  });

  it('F50: returns nothing to death, however long what it depends on only seems to be ready', async () => {
    await under.replaceQueue({ 'x-delivery-limit': 3 });
    let tries = 0;
    under.handle = () => {
      tries += 1;
      return Promise.reject(new Retryable('database_unavailable'));
    };
    await under.start({ lanes: 2, batchSize: 1 });
    under.send('evt_1', 'evt_2', 'evt_3');
    // Otherwise it would be given back for ever, which the broker ends after three times.
    await waitFor('it to keep what it has', async () => (await under.trouble())?.includes('in hand'), 15_000);
    expect(await under.trouble()).toContain('database_unavailable');
    const kept = tries;
    await waitFor('a try with what is in hand', () => tries > kept, 15_000);
    under.handle = applyAll;
    const before = under.seen.length;
    await waitFor('all of them', () => new Set(under.seen.slice(before)).size === 3, 15_000);
    await under.ready();
    expect([...new Set(under.seen.slice(before))]).toEqual(['evt_1', 'evt_2', 'evt_3']);
    expect(await under.channel.checkQueue(deadQueue)).toMatchObject({ messageCount: 0 });
  });

  it('F50: stops in time while it keeps in hand what fails', async () => {
    under.handle = () => Promise.reject(new Retryable('database_unavailable'));
    await under.start();
    under.send('evt_1');
    await waitFor('it to be kept', async () => (await under.trouble())?.includes('in hand'), 10_000);
    const begin = performance.now();
    await under.stop();
    expect(performance.now() - begin).toBeLessThan(3_000);
    await waitFor('it to be back', async () => (await under.channel.checkQueue(queue)).messageCount === 1);
  });

  it('F49: takes what lingers in time though the clock is set back by ten minutes meanwhile', async () => {
    await under.start({ lingerMs: { busy: 500, idle: 500 } });
    await under.ready();
    const { now } = Date;
    under.send('evt_1');
    await waitFor('it to be in hand', async () => (await under.channel.checkQueue(queue)).messageCount === 0);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 600_000);
    try {
      await waitFor('the event', () => under.seen.length === 1, 5_000);
    } finally {
      clock.mockRestore();
    }
  });

  it('F46: stops within five seconds although the broker is silent', async () => {
    await under.start();
    await under.ready();
    under.cable.mute();
    const begin = performance.now();
    await under.stop();
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('F47: gives back what its handler does not finish in time, and stops', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    under.handle = async (batch) => {
      await held;
      return applyAll(batch);
    };
    await under.start();
    under.send('evt_1');
    await waitFor('it to be in hand', () => under.seen.length === 1);
    const begin = performance.now();
    await under.stop();
    letGo();
    expect(performance.now() - begin).toBeLessThan(7_000);
    await waitFor('it to be back', async () => (await under.channel.checkQueue(queue)).messageCount === 1);
  });
});
