package preview

import (
	"container/list"
	"sync"
)

// Shelf keeps what was rendered last, up to a number of bytes, so that a page
// with thumbnails decodes each image once. Who may see a picture is asked before
// the shelf is. Any number of goroutines may use it.
type Shelf struct {
	mutex sync.Mutex
	room  int // bytes
	used  int
	order list.List // of *kept, the last used first
	byKey map[string]*list.Element
}

type kept struct {
	key     string
	content []byte
}

// NewShelf returns a shelf with room for that many bytes.
func NewShelf(room int) *Shelf { return &Shelf{room: room, byKey: map[string]*list.Element{}} }

// Get returns what was put under the key, or nil. It is not to be changed.
func (s *Shelf) Get(key string) []byte {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	at, ok := s.byKey[key]
	if !ok {
		return nil
	}
	s.order.MoveToFront(at)
	k, _ := at.Value.(*kept)
	return k.content
}

// Put keeps a content, and gives up what was not used for longest.
func (s *Shelf) Put(key string, content []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, ok := s.byKey[key]; ok || len(content) > s.room {
		return
	}
	s.byKey[key] = s.order.PushFront(&kept{key, content})
	for s.used += len(content); s.used > s.room; {
		last, _ := s.order.Remove(s.order.Back()).(*kept)
		delete(s.byKey, last.key)
		s.used -= len(last.content)
	}
}
