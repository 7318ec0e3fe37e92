package web

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// marker stands in every payload, so that what came from one is found wherever
// it went. No page of ours has the word.
const marker = "xssmark"

// corpus is what somebody might type to have another person's browser, or a
// program of theirs, do something. Each class of payload is meant for a place in
// which careless programs put what was typed. A zero byte is none of them: forms
// that hold one are refused (TestBadForms).
var corpus = []string{
	// Elements and their handlers, in text and out of attributes.
	`<script>xssmark(1)</script>`,
	`"><script src=//xssmark.example></script>`,
	`'><script>xssmark(2)</script>`,
	`<ScRiPt/xssmark>xssmark()</sCrIpT >`,
	`<img src=x onerror=xssmark()>`,
	`<img src=x onerror="xssmark()"`,
	`<svg/onload=xssmark()>`,
	`<svg><script>xssmark()</script></svg>`,
	`<svg><a xlink:href="javascript:xssmark()">x</a></svg>`,
	`<svg><use href="data:image/svg+xml,xssmark#x"/>`,
	`<math><mi xlink:href="javascript:xssmark()">x</mi>`,
	`<body onload=xssmark()>`,
	`<details open ontoggle=xssmark()>`,
	`<input autofocus onfocus=xssmark()>`,
	`<marquee onstart=xssmark()>`,
	`<video><source onerror=xssmark()>`,
	`<xssmark-x onclick=xssmark()>`,
	`<iframe srcdoc="<script>xssmark()</script>">`,
	`<iframe src="javascript:xssmark()">`,
	`<object data="javascript:xssmark()">`,
	`<embed src="//xssmark.example/x.swf">`,
	`<base href="//xssmark.example/">`,
	`<meta http-equiv=refresh content="0;url=//xssmark.example">`,
	`<link rel=stylesheet href=//xssmark.example>`,
	`<form action=//xssmark.example><button>x`,
	`<button formaction=//xssmark.example>x`,
	`<a href="javascript:xssmark()">x</a>`,
	`<dialog open>xssmark`,
	`<div popover id=xssmark>`,
	`<template shadowrootmode=open>xssmark`,
	`<div hx-get=//xssmark.example hx-trigger=load>`,
	// Out of quotation marks.
	`" onmouseover="xssmark()" x="`,
	`' onmouseover='xssmark()' x='`,
	"` onmouseover=`xssmark()` x=`",
	`" autofocus onfocus=xssmark() x="`,
	`x" style="background:url(//xssmark.example)`,
	`\" onclick=xssmark() x=\"`,
	// Out of elements whose content is not markup.
	`</textarea><script>xssmark()</script>`,
	`</title><script>xssmark()</script>`,
	`</script><script>xssmark()</script>`,
	`</style><script>xssmark()</script>`,
	`</select><img src=x onerror=xssmark()>`,
	`</td></tr></table><img src=x onerror=xssmark()>`,
	`--><script>xssmark()</script><!--`,
	`]]><script>xssmark()</script>`,
	`<noscript><p title="</noscript><img onerror=xssmark()>">`,
	// Addresses.
	`javascript:xssmark()`,
	`JaVaScRiPt:xssmark()`,
	"java\tscript:xssmark()",
	`javascript://%0axssmark()`,
	`data:text/html,<script>xssmark()</script>`,
	`vbscript:xssmark()`,
	`//xssmark.example/`,
	`\\xssmark.example\`,
	`/../../xssmark`,
	`file:///xssmark`,
	// Style sheets.
	`<style>*{background:url(//xssmark.example)}</style>`,
	`;}body{background:url(//xssmark.example)}`,
	`expression(xssmark())`,
	`@import "//xssmark.example";`,
	// Languages of templates, and of programs behind pages.
	`{{xssmark}}`,
	`{{constructor.constructor('xssmark()')()}}`,
	`${xssmark()}`,
	`#{xssmark()}`,
	`{ xssmark() }`,
	`<%= xssmark() %>`,
	`<?php xssmark() ?>`,
	`<?xml-stylesheet href="//xssmark.example"?>`,
	`<!--#exec cmd="xssmark"-->`,
	`'; DROP TABLE xssmark; --`,
	`%(xssmark)s %s %n %!d`,
	// Markdown.
	`[x](javascript:xssmark())`,
	`![x](//xssmark.example/x.png)`,
	// Coats of other letters.
	`%3Cscript%3Exssmark()%3C/script%3E`,
	`&lt;script&gt;xssmark()&lt;/script&gt;`,
	`&#60;script&#62;xssmark()&#60;/script&#62;`,
	`&#x3c;img src=x onerror=xssmark()&#x3e;`,
	`\u003cscript\u003exssmark()\u003c/script\u003e`,
	`\x3cscript\x3exssmark()\x3c/script\x3e`,
	`+ADw-script+AD4-xssmark()+ADw-/script+AD4-`,
	`＜script＞xssmark()＜/script＞`,
	"<scr\u200bipt>xssmark()</script>",
	"<\u0130mg src=x onerror=xssmark()>",
	"\u202exssmark\u202d<b>",
	"\u2066xssmark\u2069<i>",
	"xssmark\u2028xssmark()\u2029",
	"𬀩<u>xssmark\U000e0041",
	"e\u0301\u0301\u0301<s>xssmark",
	// Other files: headers, lines of a log, cells of a sheet, strings of a PDF.
	"xssmark\r\nSet-Cookie: xssmark=1",
	"xssmark\nlevel=ERROR msg=xssmark",
	`=HYPERLINK("http://xssmark.example")`,
	`+xssmark|' /C calc'!A0`,
	`-1+xssmark`,
	`@SUM(1)*xssmark`,
	`xssmark) Tj ET /JavaScript (`,
	`filename="xssmark"; x="`,
}

// voice gives the texts that a world types into its fields, one after the other.
// A hostile voice goes through the corpus again and again; a harmless one says
// nothing that means anything to a program.
type voice struct {
	hostile bool
	said    int
	next    int
	used    map[string]bool // of the corpus
}

// say is a text of at most max characters: as many payloads as fit, each beside
// the next, or one short harmless text.
func (v *voice) say(most int) string {
	v.said++
	if !v.hostile {
		return fmt.Sprintf("寻常文字%d", v.said)
	}
	var text strings.Builder
	for range corpus {
		payload := corpus[v.next%len(corpus)]
		v.next++
		if utf8.RuneCountInString(text.String())+utf8.RuneCountInString(payload)+1 > most {
			if text.Len() > 0 {
				v.next-- // it goes first next time
				break
			}
			continue // it fits nowhere here
		}
		v.used[payload] = true
		if text.Len() > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(payload)
		if most > 600 && v.said%3 != 0 && text.Len() > 300 {
			break // a paragraph now and then is as long as it may be
		}
	}
	return text.String()
}
