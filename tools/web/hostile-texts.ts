const CALL = 'window.ran=1,alert(1)'
const ATTRIBUTES = ['onload', 'onerror', 'onclick', 'onmouseover', 'onfocus', 'ontoggle', 'onanimationstart', 'onpointerenter', 'onbegin', 'onwheel']
const TAGS = ['img src=x', 'svg', 'body', 'video src=x', 'audio src=x', 'details open', 'iframe', 'input autofocus', 'marquee', 'object data=x']
const WRAPS: readonly ((code: string) => string)[] = [
  (code) => `<script>${code}</script>`, (code) => `"><script>${code}</script>`, (code) => `'><script>${code}</script>`, (code) => `</script><script>${code}</script>`, (code) => `</title><script>${code}</script>`,
  (code) => `</textarea><script>${code}</script>`, (code) => `--><script>${code}</script>`, (code) => `]]><script>${code}</script>`, (code) => `<scr<script>ipt>${code}</script>`, (code) => `<SCRIPT>${code}</SCRIPT>`,
  (code) => `<script src="data:text/javascript,${code}"></script>`, (code) => `<a href="javascript:${code}">x</a>`, (code) => `javascript:${code}`, (code) => `JaVaScRiPt:${code}`, (code) => `java\tscript:${code}`,
  (code) => `data:text/html,<script>${code}</script>`, (code) => `<iframe srcdoc="<script>${code}</script>"></iframe>`, (code) => `<iframe src="javascript:${code}"></iframe>`, (code) => `<object data="javascript:${code}">`, (code) => `<embed src="javascript:${code}">`,
  (code) => `<form action="javascript:${code}"><button>x</button></form>`, (code) => `<math><mi xlink:href="javascript:${code}">x</mi></math>`, (code) => `<svg><script>${code}</script></svg>`, (code) => `<svg><animate onbegin="${code}" attributeName=x dur=1s>`,
  (code) => `<style>@import "javascript:${code}";</style>`, (code) => `<div style="background:url(javascript:${code})">`, (code) => `<link rel=stylesheet href="javascript:${code}">`, (code) => `<meta http-equiv=refresh content="0;url=javascript:${code}">`,
  (code) => `<base href="javascript:${code}//">`, (code) => `<template><script>${code}</script></template>`, (code) => `<noscript><p title="</noscript><img src=x onerror=${code}>">`, (code) => `\${${code}}`, (code) => `{{constructor.constructor('${code}')()}}`,
  (code) => `#{${code}}`, (code) => `';${code};//`, (code) => `";${code};//`, (code) => `\`;${code};//`, (code) => `\\";${code};//`, (code) => `\u2028${code}\u2028`, (code) => `&lt;script&gt;${code}&lt;/script&gt;`,
  (code) => `&#60;script&#62;${code}&#60;/script&#62;`, (code) => `%3Cscript%3E${code}%3C/script%3E`, (code) => `\u202e<script>${code}</script>`, (code) => `<img src=x:x onerror\n=\n"${code}">`, (code) => `<img/src="x"/onerror=${code}>`,
  (code) => `<x contenteditable onblur=${code}>`, (code) => `<a autofocus tabindex=1 onfocus=${code}></a>`, (code) => `<select autofocus onfocus=${code}>`, (code) => `<keygen autofocus onfocus=${code}>`, (code) => `<isindex type=image src=1 onerror=${code}>`,
  (code) => `<![CDATA[<script>${code}</script>]]>`, (code) => `<?xml version="1.0"?><script xmlns="http://www.w3.org/1999/xhtml">${code}</script>`,
]

/** Texts that run code where a page takes them for markup, an address or a template: 10 ways to write an event attribute on 10 elements (a diagonal of them), and the other ways. */
export const HOSTILE_TEXTS: readonly string[] = [
  ...TAGS.flatMap((tag, row) => ATTRIBUTES.filter((_, column) => (row + column) % 2 === 0).map((attribute) => `<${tag} ${attribute}="${CALL}">`)),
  ...WRAPS.map((wrap) => wrap(CALL)),
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'dangerouslySetInnerHTML',
]
