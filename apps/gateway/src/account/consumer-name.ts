/** The name under which this service's inbox remembers events. */
export const consumerName = 'gateway';
