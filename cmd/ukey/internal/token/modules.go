package token

import (
	"bytes"
	"errors"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
	"unireg/cmd/ukey/internal/pkcs11"
)

// Modules is the PKCS#11 modules at these paths. A path where nothing lies is
// passed over until something does; a module that does not load is tried once.
type Modules struct {
	paths     []string
	libraries map[string]string // what the paths lead to, and by which it was opened
	opened    map[string]*pkcs11.Module
	failed    map[string]error
	known     map[pkcs11.Token]*contents
}

// contents is what a token was read to hold. Reading a real token takes its
// time and lets its lamp flicker, so that it is done again only after a while.
type contents struct {
	certificates []pkcs11.Certificate
	looks        int
}

// freshLooks is after how many looks a token's certificates are read anew.
const freshLooks = 4

// NewModules returns the modules at absolute paths.
func NewModules(paths ...string) *Modules {
	return &Modules{
		paths: paths, libraries: map[string]string{}, opened: map[string]*pkcs11.Module{}, failed: map[string]error{}, known: map[pkcs11.Token]*contents{},
	}
}

// Close ends the use of all modules.
func (m *Modules) Close() error {
	var faults []error
	for path, module := range m.opened {
		delete(m.opened, path)
		faults = append(faults, module.Close())
	}
	return errors.Join(faults...)
}

// Tokens lists the tokens in the slots of all modules.
func (m *Modules) Tokens() ([]Token, error) {
	var tokens []Token
	var faults []error
	for _, path := range m.paths {
		module, err := m.module(path)
		if module == nil {
			faults = append(faults, err)
			continue
		}
		slots, err := module.Tokens()
		faults = append(faults, err)
		for _, slot := range slots {
			t, err := m.token(module, slot)
			if err == nil {
				tokens = append(tokens, t)
			} else if !pkcs11.Removed(err) {
				faults = append(faults, err)
			}
		}
	}
	return tokens, errors.Join(faults...)
}

// module returns the opened module; nil where there is none.
func (m *Modules) module(path string) (*pkcs11.Module, error) {
	if module := m.opened[path]; module != nil {
		return module, nil
	}
	if err := m.failed[path]; err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil || m.libraries[real] != "" {
		return nil, nil //nolint:nilerr // nothing is installed there, which is the rule, or it is open under another name
	}
	module, err := pkcs11.Open(path)
	if err != nil {
		m.failed[path] = err
		return nil, err
	}
	m.opened[path], m.libraries[real] = module, path
	return module, nil
}

func (m *Modules) token(module *pkcs11.Module, slot pkcs11.Token) (Token, error) {
	held, err := m.contents(module, slot)
	if err != nil {
		return Token{}, err
	}
	t := Token{Label: slot.Label}
	for _, c := range held {
		own := signing(c.DER)
		if own == nil || len(c.ID) == 0 || own.Algorithm() == certificate.SM2 {
			continue
		}
		t.Certificates = append(t.Certificates, Certificate{
			Certificate: own, Chain: chainOf(c.DER, held), Token: slot.Label, TriesLeft: triesLeft(slot),
			sign: func(pin, message []byte) ([]byte, error) {
				signature, err := module.Sign(slot, pin, c.ID, message)
				return signature, moduleRefusal(err)
			},
		})
	}
	return t, nil
}

func (m *Modules) contents(module *pkcs11.Module, slot pkcs11.Token) ([]pkcs11.Certificate, error) {
	slot.Flags = 0 // they change while the token stays
	held := m.known[slot]
	if held != nil && held.looks < freshLooks {
		held.looks++
		return held.certificates, nil
	}
	certificates, err := module.Certificates(slot)
	if err != nil {
		delete(m.known, slot)
		return nil, err
	}
	m.known[slot] = &contents{certificates: certificates}
	return certificates, nil
}

// triesLeft reads what a token's flags tell: little.
func triesLeft(t pkcs11.Token) int {
	switch {
	case t.Locked():
		return 0
	case t.FinalTry():
		return 1
	default:
		return Unknown
	}
}

func moduleRefusal(err error) error {
	var wrong pkcs11.WrongPIN
	switch {
	case errors.As(err, &wrong):
		return WrongPIN{TriesLeft: wrong.TriesLeft}
	case errors.Is(err, pkcs11.Locked{}):
		return ErrLocked
	case pkcs11.Removed(err):
		return ErrRemoved
	default:
		return err
	}
}

// chainOf finds the issuers of a certificate among what the token holds.
func chainOf(der []byte, held []pkcs11.Certificate) [][]byte {
	var chain [][]byte
	current, err := smx509.ParseCertificate(der)
	for err == nil && !bytes.Equal(current.RawIssuer, current.RawSubject) && len(chain) < 8 {
		var above *smx509.Certificate
		for _, c := range held {
			x, e := smx509.ParseCertificate(c.DER)
			if e == nil && bytes.Equal(x.RawSubject, current.RawIssuer) && current.CheckSignatureFrom(x) == nil {
				above = x
			}
		}
		if above == nil {
			break
		}
		chain, current = append(chain, above.Raw), above
	}
	return chain
}
