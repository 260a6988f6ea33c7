import { describe, expect, it } from '@jest/globals';
import { CustomerStory } from '../customer-story.spec-support.js';
import { toIntake } from './intake.js';
import type { Intake } from './intake.js';
import { fromStripe, linked, opened } from '../messages.spec-support.js';
import { customersToLock, learnCustomers } from './customers.js';

const nobody = new Map<string, string>();
const intakes = (...events: Parameters<typeof toIntake>[0][]): Intake[] => events.map(toIntake);
const story = new CustomerStory('ada');
const received = <T extends object>(event: T) => ({ ...event, redelivered: false });

describe('whose a customer is', () => {
  it('is learned from an announcement or from our own metadata', () => {
    const batch = intakes(received(linked('user-bob', 'cus_bob')), received(fromStripe(story.created())));
    expect(learnCustomers(nobody, batch).learned).toEqual([
      { customerId: 'cus_bob', userId: 'user-bob', source: 'announced' },
      { customerId: 'cus_ada', userId: 'user-ada', source: 'metadata' },
    ]);
  });

  it('goes by the announcement where metadata differs, though it comes later', () => {
    const batch = intakes(received(fromStripe(story.created())), received(linked('user-other', 'cus_ada')));
    expect(learnCustomers(nobody, batch).users).toEqual(new Map([['cus_ada', 'user-other']]));
  });

  it('is not learned again once it is known', () => {
    const batch = intakes(received(linked('user-other', 'cus_ada')));
    const { users, learned } = learnCustomers(new Map([['cus_ada', 'user-ada']]), batch);
    expect([[...users], learned]).toEqual([[['cus_ada', 'user-ada']], []]);
  });
});

describe('the customers to lock', () => {
  it('are those whose events have an effect, each once', () => {
    const events = [
      story.created(),
      story.deleted(9),
      story.event('customer.deleted', { id: 'cus_gone', object: 'customer' }, 9),
      story.event('price.updated', { id: 'price_1', customer: 'cus_other' }, 9),
    ];
    const batch = intakes(received(opened('user-ada')), ...events.map((event) => received(fromStripe(event))));
    expect(customersToLock(batch)).toEqual(['cus_ada', 'cus_gone']);
  });
});
