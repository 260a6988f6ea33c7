/** The newest version, in whose shapes everything is kept; older ones are rendered from it. */
export const newestVersion = '2026-10-28.endive';
const oldestVersion = '2020-08-27';

const pattern = /^\d{4}-\d\d-\d\d(\.[a-z]+)?$/;

/** Versions begin with their date, so the alphabet puts them in order. */
export const isVersion = (text: string) => pattern.test(text) && oldestVersion <= text && text <= newestVersion;

export const versionRule = `must be an API version from ${oldestVersion} to ${newestVersion}`;
