// Virtual hosts by RabbitMQ's management API: AMQP itself cannot make them.
const timeoutMs = 15_000;

async function request(managementUrl: string, method: string, path: string, body?: object): Promise<Response> {
  const { origin, username, password } = new URL(managementUrl);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const response = await fetch(new URL(`/api/${path}`, origin), {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.ok) return response;
  throw new Error(`RabbitMQ answered ${response.status} to ${method} /api/${path}: ${await response.text()}`);
}

/** Makes a virtual host in which the management URL's user may do everything. */
export async function createVirtualHost(managementUrl: string, vhost: string): Promise<void> {
  const name = encodeURIComponent(vhost);
  const user = encodeURIComponent(decodeURIComponent(new URL(managementUrl).username));
  await request(managementUrl, 'PUT', `vhosts/${name}`, {});
  await request(managementUrl, 'PUT', `permissions/${name}/${user}`, { configure: '.*', write: '.*', read: '.*' });
}

/** Deletes it with its queues, and closes the connections to it. */
export async function deleteVirtualHost(managementUrl: string, vhost: string): Promise<void> {
  await request(managementUrl, 'DELETE', `vhosts/${encodeURIComponent(vhost)}`);
}

export async function virtualHosts(managementUrl: string): Promise<string[]> {
  const listed: unknown = await (await request(managementUrl, 'GET', 'vhosts?columns=name')).json();
  if (!Array.isArray(listed)) throw new Error('RabbitMQ answered no list of virtual hosts');
  return listed.map((vhost: { name?: unknown }) => String(vhost.name));
}

/** The same broker address, in another virtual host. */
export function inVirtualHost(rabbitmqUrl: string, vhost: string): string {
  const url = new URL(rabbitmqUrl);
  url.pathname = `/${encodeURIComponent(vhost)}`;
  return url.toString();
}
