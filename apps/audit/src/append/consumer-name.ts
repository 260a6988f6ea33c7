/** The name under which this service's inbox remembers what is parked. What was appended, the trail itself remembers. */
export const consumerName = 'audit';
