/** As Stripe writes them; white space would become part of the key and fail every signature. */
export const signingSecretPattern = /^whsec_[A-Za-z0-9+/=_]+$/;

export type SecretsReading = { ok: true; secrets: readonly string[] } | { ok: false; problem: string };

/** The signing secrets in a file's text: one or several, separated by commas or line breaks. No problem repeats a value. */
export function readSecrets(text: string): SecretsReading {
  const parts = text.split(/[,\r\n]/).map((part) => part.trim());
  const secrets = parts.filter((part) => part !== '');
  if (secrets.length === 0) return { ok: false, problem: 'holds no signing secret' };
  const bad = secrets.filter((secret) => !signingSecretPattern.test(secret)).length;
  if (bad > 0) {
    const which = `${bad} of its ${secrets.length} entries`;
    return { ok: false, problem: `${which} do not begin with whsec_ or contain white space` };
  }
  return { ok: true, secrets };
}
