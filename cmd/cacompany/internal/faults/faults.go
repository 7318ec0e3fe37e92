// Package faults holds the switches by which the CA company misbehaves on
// purpose, so that it can be shown what the registration system makes of it. They
// live in memory: a restart turns all of them off.
package faults

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Lie is a false callback that goes along with each true one.
type Lie string

// The lies.
const (
	Truth          Lie = ""
	IllegalEdge    Lie = "illegal_edge"    // a next event that cannot follow
	OtherReference Lie = "other_reference" // the event of another application
	WrongSignature Lie = "wrong_signature" // signed with a key that nobody knows
	OtherBody      Lie = "other_body"      // the same id with another body
)

// Lies lists them, the truth first.
func Lies() []Lie { return []Lie{Truth, IllegalEdge, OtherReference, WrongSignature, OtherBody} }

// Lists says what becomes of CRL and OCSP.
type Lists string

// The states of the lists.
const (
	ListsServed Lists = ""
	ListsDown   Lists = "down"  // answered with 503
	ListsStale  Lists = "stale" // signed as if an hour had passed since
)

// Switches are the faults in force. The zero value is none.
type Switches struct {
	SlowSeconds   float64 `json:"slow_seconds"`   // before each answer to the registration system
	SilentPercent int     `json:"silent_percent"` // of messages: written down, then the connection drops without an answer
	Hang          bool    `json:"hang"`           // written down, then no answer until the other side gives up
	RefusePercent int     `json:"refuse_percent"` // of requests: 503 before anything is written
	DropPercent   int     `json:"drop_percent"`   // of callbacks: never sent
	Duplicates    int     `json:"duplicates"`     // how often each callback is sent again
	Reorder       bool    `json:"reorder"`        // callbacks wait up to three seconds, each as long as it likes
	Lie           Lie     `json:"lie"`
	Lists         Lists   `json:"lists"`
}

// Bounds of the switches.
const (
	maxSlow       = 600
	maxDuplicates = 100
)

// Check refuses values out of range.
func (s Switches) Check() error {
	for _, percent := range []int{s.SilentPercent, s.RefusePercent, s.DropPercent} {
		if percent < 0 || percent > 100 {
			return errors.New("比例须在 0 到 100 之间")
		}
	}
	switch {
	case !(s.SlowSeconds >= 0 && s.SlowSeconds <= maxSlow):
		return errors.New("延迟须在 0 到 600 秒之间")
	case s.Duplicates < 0 || s.Duplicates > maxDuplicates:
		return errors.New("重复次数须在 0 到 100 之间")
	case s.Lie.Chinese() == "" || s.Lists.Chinese() == "":
		return errors.New("没有这样的开关")
	}
	return nil
}

// Any says whether anything is switched on.
func (s Switches) Any() bool { return s != Switches{} }

// Slow is how long answers wait.
func (s Switches) Slow() time.Duration { return time.Duration(s.SlowSeconds * float64(time.Second)) }

// Silent draws whether a message stays without an answer.
func (s Switches) Silent() bool { return drawn(s.SilentPercent) }

// Refuse draws whether a request is refused.
func (s Switches) Refuse() bool { return drawn(s.RefusePercent) }

// Drop draws whether a callback is never sent.
func (s Switches) Drop() bool { return drawn(s.DropPercent) }

func drawn(percent int) bool {
	return percent > 0 && rand.IntN(100) < percent //nolint:gosec // a fault to be shown, not a secret
}

// Chinese names the lie for people, "" for one that does not exist.
func (l Lie) Chinese() string {
	return map[Lie]string{
		Truth: "不伪报", IllegalEdge: "伪报非法的状态变化", OtherReference: "冒用其他申请的编号",
		WrongSignature: "错误的签名", OtherBody: "同一编号，不同内容",
	}[l]
}

// Chinese names the state of the lists for people, "" for one that does not exist.
func (l Lists) Chinese() string {
	return map[Lists]string{ListsServed: "正常", ListsDown: "停止服务", ListsStale: "过期"}[l]
}

// AllLists lists the states.
func AllLists() []Lists { return []Lists{ListsServed, ListsDown, ListsStale} }

// Board holds the switches in force. It is safe for concurrent use; the zero
// value has none on.
type Board struct {
	mu sync.Mutex
	on Switches
}

// Read returns the switches in force.
func (b *Board) Read() Switches {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.on
}

// Set puts others in force, if they are in range.
func (b *Board) Set(s Switches) error {
	if err := s.Check(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on = s
	return nil
}
