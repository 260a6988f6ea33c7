import { expect, it } from '@jest/globals';
import { serversFromEnvironment } from './environment.client.js';
import { freePort } from './ports.client.js';

const ignore = (): void => undefined;

it('leaves the choice to the next way when neither server is named', async () => {
  expect(await serversFromEnvironment({}, ignore)).toBeUndefined();
});

it.each([
  [{ DATABASE_ADMIN_URL: 'postgres://u:p@127.0.0.1:1/postgres' }, 'DATABASE_ADMIN_URL is set but RABBITMQ_URL is not'],
  [{ RABBITMQ_URL: 'amqp://127.0.0.1:1' }, 'RABBITMQ_URL is set but DATABASE_ADMIN_URL is not'],
])('refuses one server without the other and says which is missing', async (environment, sentence) => {
  await expect(serversFromEnvironment(environment, ignore)).rejects.toThrow(sentence);
});

it('says which server does not answer, without its credentials', async () => {
  const port = await freePort();
  const environment = {
    DATABASE_ADMIN_URL: `postgres://u:very-secret@127.0.0.1:${port}/postgres`,
    RABBITMQ_URL: `amqp://127.0.0.1:${port}`,
  };
  const attempt = serversFromEnvironment(environment, ignore);
  await expect(attempt).rejects.toThrow(`DATABASE_ADMIN_URL points to 127.0.0.1:${port}, which does not answer`);
  await expect(attempt).rejects.not.toThrow('very-secret');
});
