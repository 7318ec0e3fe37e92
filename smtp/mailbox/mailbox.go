// Package mailbox is a mail server of our own, for development and tests. It
// listens on loopback, takes every letter for whomever it is, keeps it as a file,
// and sends nothing on. A public system names the server of its provider.
package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Mailbox is a running server.
type Mailbox struct {
	Address string // host:port

	dir      string
	listener net.Listener
	group    sync.WaitGroup

	mu    sync.Mutex
	moods Moods
	open  map[net.Conn]bool
	taken int
}

// Moods are how a server behaves that is not well. The zero value is well.
type Moods struct {
	// Recipient is the answer to every RCPT TO, such as "550 5.1.1 no such user";
	// "" takes it.
	Recipient string
	// Content is the answer after the content, such as "451 4.3.0 later"; "" keeps
	// it.
	Content string
	// Delay is waited for before each answer.
	Delay time.Duration
	// Silent keeps the letter and closes the connection without an answer: the
	// sender does not know.
	Silent bool
}

// Start listens on a loopback port of its own and keeps letters in dir, which is
// made if it does not exist.
func Start(dir string) (*Mailbox, error) { return StartAt("127.0.0.1:0", dir) }

// StartAt is Start at an address.
func StartAt(address, dir string) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start mailbox: %w", err)
	}
	listener, err := net.Listen("tcp", address) //nolint:noctx // closed by Stop
	if err != nil {
		return nil, fmt.Errorf("start mailbox: %w", err)
	}
	m := &Mailbox{Address: listener.Addr().String(), dir: dir, listener: listener, open: map[net.Conn]bool{}}
	m.group.Go(m.accept)
	return m, nil
}

// Stop ends the server and every conversation.
func (m *Mailbox) Stop() error {
	err := m.listener.Close()
	m.mu.Lock()
	for c := range m.open {
		err = errors.Join(err, c.Close())
	}
	m.open = nil
	m.mu.Unlock()
	m.group.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop mailbox: %w", err)
	}
	return nil
}

// Feel sets how the server behaves from here on.
func (m *Mailbox) Feel(moods Moods) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moods = moods
}

func (m *Mailbox) mood() Moods {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moods
}

func (m *Mailbox) accept() {
	for {
		c, err := m.listener.Accept()
		if err != nil {
			return // closed
		}
		m.mu.Lock()
		if m.open == nil {
			_ = c.Close()
		} else {
			m.open[c] = true
			m.group.Go(func() { m.serve(c) })
		}
		m.mu.Unlock()
	}
}

// conversation is one client's.
type conversation struct {
	*textproto.Conn

	m          *Mailbox
	greeting   string
	from       string
	recipients []string
}

// serve talks with one client until it quits.
func (m *Mailbox) serve(connection net.Conn) {
	c := &conversation{Conn: textproto.NewConn(connection), m: m}
	defer func() {
		_ = c.Close()
		m.mu.Lock()
		delete(m.open, connection)
		m.mu.Unlock()
	}()
	if c.say("220 mailbox ready") != nil {
		return
	}
	for {
		line, err := c.ReadLine()
		if err != nil || !c.answer(line) {
			return
		}
	}
}

// say answers, after the delay of the day.
func (c *conversation) say(line string) error {
	if delay := c.m.mood().Delay; delay > 0 {
		time.Sleep(delay)
	}
	return c.PrintfLine("%s", line)
}

// answer takes one command and reports whether the conversation goes on.
func (c *conversation) answer(line string) bool {
	verb, argument, _ := strings.Cut(line, " ")
	reply := "250 ok"
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		c.greeting = argument
		reply = "250-mailbox\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8"
	case "MAIL":
		c.from, c.recipients = argument, nil
	case "RCPT":
		if refusal := c.m.mood().Recipient; refusal != "" {
			return c.say(refusal) == nil
		}
		c.recipients = append(c.recipients, argument)
	case "DATA":
		return c.data()
	case "RSET":
		c.from, c.recipients = "", nil
	case "NOOP":
	case "QUIT":
		_ = c.say("221 bye")
		return false
	default:
		reply = "502 5.5.1 not known here"
	}
	return c.say(reply) == nil
}

// data takes the content of a letter.
func (c *conversation) data() bool {
	if len(c.recipients) == 0 {
		return c.say("503 5.5.1 to whom?") == nil
	}
	if c.say("354 go on") != nil {
		return false
	}
	content, err := c.ReadDotBytes()
	if err != nil {
		return false
	}
	mood := c.m.mood()
	if mood.Content != "" {
		return c.say(mood.Content) == nil
	}
	if err := c.m.keep(c, content); err != nil {
		return c.say("452 4.3.1 not kept") == nil
	}
	if mood.Silent {
		return false
	}
	return c.say("250 2.0.0 kept") == nil
}

// keep writes a letter into a file of its own, whole or not at all, with who
// brought it, who it is from and for whom as the conversation said.
func (m *Mailbox) keep(c *conversation, content []byte) error {
	m.mu.Lock()
	m.taken++
	name := fmt.Sprintf("%d-%04d", time.Now().UnixMilli(), m.taken)
	m.mu.Unlock()
	var b bytes.Buffer
	b.WriteString("X-Envelope-Greeting: " + c.greeting + "\r\n")
	b.WriteString("X-Envelope-From: " + c.from + "\r\n")
	for _, recipient := range c.recipients {
		b.WriteString("X-Envelope-To: " + recipient + "\r\n")
	}
	b.Write(bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n")))
	partial := filepath.Join(m.dir, "."+name)
	if err := os.WriteFile(partial, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("keep letter: %w", err)
	}
	if err := os.Rename(partial, filepath.Join(m.dir, name+".eml")); err != nil {
		return fmt.Errorf("keep letter: %w", err)
	}
	return nil
}
