/**
 * What every service's pages are made of: escaped HTML, the frame and its look in both themes, the session's cookie, and forms that
 * only a page of ours can send. Knows no service.
 */
export { addressOf, answerFor, asset, javascript } from './asset.js';
export type { Asked, Asset } from './asset.js';
export { factList } from './facts.page.js';
export { formField, issueFormToken, readFormToken, withFormToken } from './form-token.js';
export type { FormTokenReading } from './form-token.js';
export { frame } from './frame.page.js';
export type { PageParts, Place, Site } from './frame.page.js';
export { Html, html } from './html.js';
export type { HtmlValue } from './html.js';
export { icons } from './icons.js';
export { lookIn } from './look.js';
export type { Look, LookPaths } from './look.js';
export { isAllowedApiChange, isAllowedApiRead, isOwnForm } from './request-origin.js';
export type { OriginHeaders } from './request-origin.js';
export { returnAddress } from './return-address.js';
export { cookieAttributes, longestCookieToken, sessionCookie } from './session-cookie.js';
export type { SessionCookie } from './session-cookie.js';
export { stylesheetWith } from './stylesheet.js';
export { themeCookie, themes, toTheme, withTheme } from './theme.js';
export type { Theme } from './theme.js';
