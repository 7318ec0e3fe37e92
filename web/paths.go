package web

import (
	"net/url"
	"strings"
)

// localPath returns the path if it leads into this portal, and "" otherwise: a
// link must not carry a person who logs in to a page of somebody else's.
func localPath(text string) string {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t\x00") {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || strings.HasPrefix(u.Path, "//") {
		return ""
	}
	return text
}

// withNext adds the page to go to afterwards.
func withNext(path, next string) string {
	if next = localPath(next); next == "" || next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}
