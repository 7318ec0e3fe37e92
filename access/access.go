// Package access holds what proves who somebody is: passwords, one-time codes,
// session tokens, proofs of work against machines. It computes and compares;
// what was used or tried before is kept in the database by package storage, and
// what is shown belongs to package web. Every comparison of secrets takes the
// same time whether or not they agree.
package access

import "errors"

var errKeyTooShort = errors.New("the key has fewer than 32 bytes")

// minKey is the least length of a secret key in bytes.
const minKey = 32
