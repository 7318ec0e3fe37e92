package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"unireg/record"
	"unireg/record/form"
)

// What a page showed of a draft goes with its form, so that what is posted can be
// merged with a draft that was saved elsewhere meanwhile (form.Compare). The
// draft of back then is not kept for it: the form carries a short fingerprint of
// each content, under the portal's key, from which nobody learns anything. One
// that does not fit any more, as after the key was changed, costs a question.
const (
	shownField = "shown" // what the page showed
	seenField  = "seen"  // what the page of a choice showed of what is kept
	// markLength is the length of one in bytes: that two contents have the same
	// is less likely than a fault of the disk.
	markLength = 8
)

type mark [markLength]byte

// marked is the fingerprint of a content of a record under a name.
func (s *Server) marked(id record.ID, name string, content []string) mark {
	h := hmac.New(sha256.New, s.CookieKey)
	for _, text := range append([]string{"unireg/web/shown", string(id), name}, content...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
		h.Write([]byte(text))
	}
	return mark(h.Sum(nil))
}

// remember writes contents as a form carries them.
func (s *Server) remember(id record.ID, contents func(each func(name string, content []string))) string {
	var all []byte
	contents(func(name string, content []string) {
		m := s.marked(id, name, content)
		all = append(all, m[:]...)
	})
	return base64.RawURLEncoding.EncodeToString(all)
}

// remembered reads what remember wrote. A text that it did not write remembers
// nothing.
func (s *Server) remembered(id record.ID, text string) form.Shown {
	marks := map[mark]bool{}
	if all, err := base64.RawURLEncoding.DecodeString(text); err == nil {
		for ; len(all) >= markLength; all = all[markLength:] {
			marks[mark(all[:markLength])] = true
		}
	}
	return func(name string, content []string) bool { return marks[s.marked(id, name, content)] }
}
