/**
 * What HTML of others' Markdown may be: what Markdown itself makes, and links. No image (it would tell its server who reads),
 * no form, and no style, class or id, by which a text could lay itself over the page or take another element's name.
 */
export const markdownRules = {
  ALLOWED_TAGS: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'pre', 'code', 'em', 'strong', 'del', 'a'],
    ...['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  ALLOWED_ATTR: ['href', 'title', 'align', 'start'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|ipfs:|#|\/(?!\/))/i,
};
