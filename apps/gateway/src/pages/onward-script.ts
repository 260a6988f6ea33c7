/**
 * Leads on from the success page by itself. Whoever wants to stay has a link to the same page that does not, and that works without a
 * script as well.
 */
export const onwardScript = `const { onward, seconds } = document.querySelector('[data-onward]').dataset;
setTimeout(() => location.assign(onward), Number(seconds) * 1000);
`;
