package storage

import (
	"bufio"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A content that is too long for memory is sealed in pieces with AES-256-GCM, under
// a key that seals nothing else. The nonce of a piece is its number and whether it
// is the last one: no piece can be left out, repeated, moved or put at the end.
const (
	pieceSize = 64 << 10
	sealSize  = 16 // bytes that a seal adds to a piece
)

// sealedSize is how many bytes a content of that many has when it is sealed.
func sealedSize(plain int64) int64 {
	pieces := max(1, (plain+pieceSize-1)/pieceSize)
	return plain + pieces*sealSize
}

// errBroken reports that a sealed content is not as it was written.
var errBroken = errors.New("a sealed content was changed or cut off")

// pieces turns a stream of pieces into another: sealed from plain, or plain from
// sealed.
type pieces struct {
	source *bufio.Reader
	size   int // of a piece that comes in
	turn   func(n pieceNonce, piece []byte) ([]byte, error)
	number uint64
	in     []byte
	out    []byte // that was turned and not read yet
	ended  bool
	fault  error
}

type pieceNonce [12]byte

// nonceOf is the nonce of a piece.
func nonceOf(number uint64, last bool) pieceNonce {
	var n pieceNonce
	binary.BigEndian.PutUint64(n[3:], number)
	if last {
		n[11] = 1
	}
	return n
}

func newPieces(source io.Reader, size int, turn func(pieceNonce, []byte) ([]byte, error)) *pieces {
	return &pieces{source: bufio.NewReaderSize(source, size+1), size: size, turn: turn, in: make([]byte, size)}
}

// sealStream reads a content sealed.
func sealStream(key []byte, plain io.Reader) (io.Reader, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, pieceSize+sealSize)
	return newPieces(plain, pieceSize, func(n pieceNonce, piece []byte) ([]byte, error) {
		return aead.Seal(out[:0], n[:], piece, nil), nil
	}), nil
}

// unsealStream reads what sealStream sealed. A content that was changed or cut off
// ends with an error and never with io.EOF.
func unsealStream(key []byte, sealed io.Reader) (io.Reader, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, pieceSize)
	return newPieces(sealed, pieceSize+sealSize, func(n pieceNonce, piece []byte) ([]byte, error) {
		return open(aead, out[:0], n, piece)
	}), nil
}

func open(aead cipher.AEAD, into []byte, n pieceNonce, piece []byte) ([]byte, error) {
	plain, err := aead.Open(into, n[:], piece, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return plain, nil
}

// Read is io.Reader's.
func (p *pieces) Read(into []byte) (int, error) {
	for len(p.out) == 0 {
		switch {
		case p.fault != nil:
			return 0, p.fault
		case p.ended:
			return 0, io.EOF
		}
		p.fault = p.next()
	}
	n := copy(into, p.out)
	p.out = p.out[n:]
	return n, nil
}

// next turns the next piece. A piece is the last one if nothing follows it; a
// content without anything is one empty piece.
func (p *pieces) next() error {
	n, err := io.ReadFull(p.source, p.in)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if _, err := p.source.Peek(1); err != nil {
		if !errors.Is(err, io.EOF) {
			return err
		}
		p.ended = true
	}
	p.out, err = p.turn(nonceOf(p.number, p.ended), p.in[:n])
	p.number++
	return err
}
