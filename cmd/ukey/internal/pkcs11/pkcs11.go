// Package pkcs11 speaks to key tokens through the PKCS#11 module (Cryptoki 2.x)
// that comes with them, a shared library, without cgo: one code for Linux,
// Windows and macOS. It lists tokens and certificates, signs messages with RSA
// and ECDSA after a login, draws keys and takes certificates in. It never signs
// a digest that somebody else computed.
//
// All calls of a module happen on one operating-system thread, one after the
// other: modules differ in what they bear.
package pkcs11

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// entry is the one function that every module exports by name.
const entry = "C_GetFunctionList"

var (
	errNoFunctions = errors.New("the module names no functions")
	errGone        = errors.New("the token is not there")
)

// Places in a CK_FUNCTION_LIST, in the order of the standard's header.
const (
	fnInitialize        = 0
	fnFinalize          = 1
	fnGetSlotList       = 4
	fnGetTokenInfo      = 6
	fnOpenSession       = 12
	fnCloseSession      = 13
	fnLogin             = 18
	fnLogout            = 19
	fnCreateObject      = 20
	fnGetAttributeValue = 24
	fnFindObjectsInit   = 26
	fnFindObjects       = 27
	fnFindObjectsFinal  = 28
	fnSignInit          = 42
	fnSign              = 43
	fnGenerateKeyPair   = 59
)

// RV is what a module's function returned, other than success.
type RV uint

// Return values that are told apart (PKCS#11 2.40, pkcs11t.h).
const (
	ok                   RV = 0x0
	rvSlotIDInvalid      RV = 0x3
	rvCantLock           RV = 0xA
	rvDeviceError        RV = 0x30
	rvDeviceRemoved      RV = 0x32
	rvPINIncorrect       RV = 0xA0
	rvPINInvalid         RV = 0xA1
	rvPINLenRange        RV = 0xA2
	rvPINLocked          RV = 0xA4
	rvSessionClosed      RV = 0xB0
	rvSessionInvalid     RV = 0xB3
	rvTokenNotPresent    RV = 0xE0
	rvTokenNotRecognized RV = 0xE1
	rvAlreadyLoggedIn    RV = 0x100
	rvAlreadyInitialized RV = 0x191
)

var names = map[RV]string{ //nolint:gosec // names of the standard, no credentials
	rvSlotIDInvalid: "CKR_SLOT_ID_INVALID", rvCantLock: "CKR_CANT_LOCK", rvDeviceError: "CKR_DEVICE_ERROR",
	rvDeviceRemoved: "CKR_DEVICE_REMOVED", rvPINIncorrect: "CKR_PIN_INCORRECT", rvPINInvalid: "CKR_PIN_INVALID",
	rvPINLenRange: "CKR_PIN_LEN_RANGE", rvPINLocked: "CKR_PIN_LOCKED", rvSessionClosed: "CKR_SESSION_CLOSED",
	rvSessionInvalid: "CKR_SESSION_HANDLE_INVALID", rvTokenNotPresent: "CKR_TOKEN_NOT_PRESENT",
	rvTokenNotRecognized: "CKR_TOKEN_NOT_RECOGNIZED", rvAlreadyLoggedIn: "CKR_USER_ALREADY_LOGGED_IN",
	rvAlreadyInitialized: "CKR_CRYPTOKI_ALREADY_INITIALIZED",
}

func (v RV) Error() string {
	if name := names[v]; name != "" {
		return name
	}
	return fmt.Sprintf("the module returned 0x%X", uint(v))
}

// Removed says whether an error means that the token was pulled out.
func Removed(err error) bool {
	if errors.Is(err, errGone) {
		return true
	}
	var v RV
	if !errors.As(err, &v) {
		return false
	}
	switch v {
	case rvSlotIDInvalid, rvDeviceRemoved, rvTokenNotPresent, rvTokenNotRecognized, rvSessionClosed, rvSessionInvalid:
		return true
	default:
		return false
	}
}

// Module is a loaded and initialised PKCS#11 module. It may be used by several
// goroutines.
type Module struct {
	path  string
	calls []uintptr
	tasks chan func()
}

// Open loads the module at an absolute path: a relative one would let the
// current folder choose what runs.
func Open(path string) (*Module, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("PKCS#11 module %s: not an absolute path", path)
	}
	m := &Module{path: path, tasks: make(chan func())}
	go m.thread()
	if err := m.on(m.initialize); err != nil {
		close(m.tasks)
		return nil, fmt.Errorf("PKCS#11 module %s: %w", path, err)
	}
	return m, nil
}

// Close ends the module's use. No other method may be called after it.
func (m *Module) Close() error {
	err := m.on(func() error { return m.check("C_Finalize", fnFinalize, 0) })
	close(m.tasks)
	return err
}

// thread runs what is asked of the module, on one thread of the system.
func (m *Module) thread() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for task := range m.tasks {
		task()
	}
}

// on runs f on the module's thread and waits for it.
func (m *Module) on(f func() error) error {
	done := make(chan error)
	m.tasks <- func() { done <- f() }
	return <-done
}

// flagOSLocking lets the module lock with the system's primitives, for threads
// of its own.
const flagOSLocking = 0x2

func (m *Module) initialize() error {
	get, err := load(m.path)
	if err != nil {
		return err
	}
	if m.calls, err = functionList(get); err != nil {
		return fmt.Errorf("%s: %w", entry, err)
	}
	var mem memory
	defer mem.release()
	err = m.check("C_Initialize", fnInitialize, mem.of(native.initializeArgs(flagOSLocking)))
	if errors.Is(err, rvCantLock) {
		err = m.check("C_Initialize", fnInitialize, 0)
	}
	if errors.Is(err, rvAlreadyInitialized) {
		return nil
	}
	return err
}

// check calls a function of the list and wraps what it returned.
func (m *Module) check(name string, function int, args ...uintptr) error {
	if m.calls[function] == 0 {
		return fmt.Errorf("%s: the module has no such function", name)
	}
	if rv := call(m.calls[function], args...); rv != ok {
		return fmt.Errorf("%s: %w", name, rv)
	}
	return nil
}

// Flags of a token.
type Flags uint

// The flags that tell of the PIN (PKCS#11 2.40, CK_TOKEN_INFO).
const (
	flagTokenInitialized Flags = 0x400
	flagPINCountLow      Flags = 0x10000
	flagPINFinalTry      Flags = 0x20000
	flagPINLocked        Flags = 0x40000
)

// Token is a token in a slot.
type Token struct {
	slot                               uint
	Label, Manufacturer, Model, Serial string
	Flags                              Flags
}

// Locked says that the PIN was wrong too often.
func (t Token) Locked() bool { return t.Flags&flagPINLocked != 0 }

// FinalTry says that the next wrong PIN locks the token.
func (t Token) FinalTry() bool { return t.Flags&flagPINFinalTry != 0 }

// CountLow says that the PIN was wrong at least once since it was last right.
func (t Token) CountLow() bool { return t.Flags&flagPINCountLow != 0 }

// Is says whether it is the same token, in whichever slot.
func (t Token) Is(other Token) bool {
	return t.Serial == other.Serial && t.Label == other.Label && t.Model == other.Model && t.Manufacturer == other.Manufacturer
}

// Tokens lists the tokens that are inserted and initialised.
func (m *Module) Tokens() ([]Token, error) {
	var tokens []Token
	err := m.on(func() (err error) {
		tokens, err = m.tokens()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// maxSlots bounds what is listed of one module.
const maxSlots = 64

func (m *Module) tokens() ([]Token, error) {
	var mem memory
	defer mem.release()
	count, slots := native.ulongs(maxSlots), make([]byte, maxSlots*native.ulong)
	// Asked without a buffer first: that is when modules look at their readers.
	if err := m.check("C_GetSlotList", fnGetSlotList, 1, 0, mem.of(native.ulongs(0))); err != nil {
		return nil, err
	}
	if err := m.check("C_GetSlotList", fnGetSlotList, 1, mem.of(slots), mem.of(count)); err != nil {
		return nil, err
	}
	var tokens []Token
	for i := range min(native.uint(count), maxSlots) {
		token, err := m.token(native.uint(slots[int(i)*native.ulong:]))
		switch {
		case Removed(err):
			continue
		case err != nil:
			return nil, err
		case token.Flags&flagTokenInitialized != 0:
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// token reads what a slot's token says of itself.
func (m *Module) token(slot uint) (Token, error) {
	var mem memory
	defer mem.release()
	info := make([]byte, tokenInfoSize)
	if err := m.check("C_GetTokenInfo", fnGetTokenInfo, uintptr(slot), mem.of(info)); err != nil {
		return Token{}, err
	}
	t := native.tokenInfo(info)
	t.slot = slot
	return t, nil
}

// find finds a token's slot of this moment.
func (m *Module) find(t Token) (Token, error) {
	tokens, err := m.tokens()
	if err != nil {
		return Token{}, err
	}
	for _, found := range tokens {
		if found.Is(t) {
			return found, nil
		}
	}
	return Token{}, errGone
}

// session is an open session with a token.
type session struct {
	*Module
	handle uintptr
	token  Token
}

// Flags of a session.
const (
	flagReadWrite = 0x2
	flagSerial    = 0x4
)

// withSession opens a session with the token for as long as f takes.
func (m *Module) withSession(t Token, flags uintptr, f func(session) error) error {
	return m.on(func() (err error) {
		found, err := m.find(t)
		if err != nil {
			return err
		}
		var mem memory
		defer mem.release()
		handle := native.ulongs(0)
		if err := m.check("C_OpenSession", fnOpenSession, uintptr(found.slot), flags|flagSerial, 0, 0, mem.of(handle)); err != nil {
			return err
		}
		s := session{Module: m, handle: uintptr(native.uint(handle)), token: found}
		defer func() {
			if e := m.check("C_CloseSession", fnCloseSession, s.handle); err == nil && !Removed(e) {
				err = e
			}
		}()
		return f(s)
	})
}

// WrongPIN says that the PIN was not the token's. TriesLeft is -1 where the
// token does not tell.
type WrongPIN struct{ TriesLeft int }

func (WrongPIN) Error() string { return "wrong PIN" }

// Locked says that the token takes no PIN any more.
type Locked struct{}

func (Locked) Error() string { return "the token is locked" }

// Users of C_Login.
const (
	userNormal  = 1
	userContext = 2
)

// withLogin logs in for as long as f takes. Whoever is still logged in from
// before is logged out first, so that the PIN is really asked for.
func (s session) withLogin(pin []byte, f func() error) (err error) {
	err = s.login(userNormal, pin)
	if errors.Is(err, rvAlreadyLoggedIn) {
		if err = s.check("C_Logout", fnLogout, s.handle); err == nil {
			err = s.login(userNormal, pin)
		}
	}
	if err != nil {
		return s.explain(err)
	}
	defer func() {
		if e := s.check("C_Logout", fnLogout, s.handle); err == nil && !Removed(e) {
			err = e
		}
	}()
	return f()
}

func (s session) login(user uintptr, pin []byte) error {
	var mem memory
	defer mem.release()
	return s.check("C_Login", fnLogin, s.handle, user, mem.of(pin), uintptr(len(pin)))
}

// explain turns a refusal of the PIN into WrongPIN or Locked.
func (s session) explain(err error) error {
	var v RV
	if !errors.As(err, &v) {
		return err
	}
	switch v {
	case rvPINLocked:
		return Locked{}
	case rvPINIncorrect, rvPINInvalid, rvPINLenRange:
		token, e := s.Module.token(s.token.slot)
		switch {
		case e != nil:
			return WrongPIN{TriesLeft: -1}
		case token.Locked():
			return Locked{}
		case token.FinalTry():
			return WrongPIN{TriesLeft: 1}
		}
		return WrongPIN{TriesLeft: -1}
	default:
		return err
	}
}

// quote names a token in an error for its owner.
func (t Token) quote() string { return strings.TrimSpace(t.Label + " " + t.Serial) }
