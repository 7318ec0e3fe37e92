// Package setup makes the data directory of a CA company: its keys and secrets,
// drawn once, and the files by which operator and registration system learn what
// they need.
package setup

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"unireg/certificate"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/pki"
	"unireg/cmd/cacompany/internal/webhook"
)

// The files of a data directory. All but the trust list are for their owner
// alone.
const (
	ledgerFile       = "ledger.db"
	operatorFile     = "operator.txt"
	registrationFile = "registration.env"
	trustFile        = "trust.json"
)

// operatorLogin is the login of the operator's pages.
const operatorLogin = "operator"

// ErrNotInitialised says that init never ran on the data directory.
var ErrNotInitialised = errors.New("the data directory is not set up: run cacompany init first")

// Places says where everybody is.
type Places struct {
	Portal string // address of the registration system, http or https, without a path
	Listen string // host:port
	URL    string // under which the registration system reaches this program; "" makes it of Listen
}

func (p *Places) check() error {
	portal, err := url.Parse(p.Portal)
	if err != nil || (portal.Scheme != "http" && portal.Scheme != "https") || portal.Host == "" {
		return errors.New("the portal's address is no http or https address")
	}
	p.Portal = portal.Scheme + "://" + portal.Host
	host, port, err := net.SplitHostPort(p.Listen)
	if err != nil || port == "" || port == "0" {
		return errors.New("the address to listen on is not host:port")
	}
	if p.URL == "" {
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "127.0.0.1"
		}
		p.URL = "http://" + net.JoinHostPort(host, port)
	}
	own, err := url.Parse(p.URL)
	if err != nil || (own.Scheme != "http" && own.Scheme != "https") || own.Host == "" {
		return errors.New("the program's own address is no http or https address")
	}
	p.URL = own.Scheme + "://" + own.Host
	return nil
}

// Open opens the ledger of a data directory.
func Open(directory string) (*ledger.Store, error) {
	return ledger.Open(filepath.Join(directory, ledgerFile))
}

// Init sets a data directory up. What was drawn before stays; the places are
// those given last.
func Init(directory string, places Places, at time.Time) (err error) {
	if err := places.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	store, err := Open(directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var settings ledger.Settings
	err = store.Update(func(tx *ledger.Tx) error {
		if settings, err = tx.Settings(); errors.Is(err, ledger.ErrUnknown) {
			settings, err = draw()
		}
		if err != nil {
			return err
		}
		settings.Portal, settings.Listen, settings.URL = places.Portal, places.Listen, places.URL
		return errors.Join(tx.SetSettings(settings), drawAuthorities(tx, at))
	})
	if err != nil {
		return fmt.Errorf("set the company up: %w", err)
	}
	authorities, err := Authorities(store)
	if err != nil {
		return err
	}
	return Write(directory, settings, authorities)
}

// draw makes all that is secret.
func draw() (ledger.Settings, error) {
	key, err := newKey()
	return ledger.Settings{
		Operator: operatorLogin, Password: password(), OperatorToken: rand.Text(), Token: rand.Text(),
		Incoming: []string{webhook.NewSecret()}, Secrets: []string{webhook.NewSecret()}, Keys: []ledger.Key{key},
	}, err
}

func newKey() (ledger.Key, error) {
	private, public, err := webhook.NewKey()
	return ledger.Key{Private: private, Public: public}, err
}

// password draws 80 bits in four groups that can be read out.
func password() string {
	text := rand.Text()
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:16]}, "-")
}

func drawAuthorities(tx *ledger.Tx, at time.Time) error {
	for _, algorithm := range pki.Algorithms() {
		var kept pki.Kept
		err := tx.Authority(pki.Key(algorithm), &kept)
		if err == nil {
			continue
		}
		if !errors.Is(err, ledger.ErrUnknown) {
			return err
		}
		if kept, err = pki.Draw(algorithm, at); err != nil {
			return err
		}
		if err := tx.SetAuthority(pki.Key(algorithm), kept); err != nil {
			return err
		}
	}
	return nil
}

// Authorities loads what Init drew; ErrNotInitialised before.
func Authorities(store *ledger.Store) (*pki.PKI, error) {
	kept, address := map[string]pki.Kept{}, ""
	err := store.View(func(tx *ledger.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		address = settings.URL
		for _, algorithm := range []certificate.Algorithm{certificate.RSA, certificate.SM2} {
			var k pki.Kept
			if err := tx.Authority(pki.Key(algorithm), &k); err != nil {
				return err
			}
			kept[pki.Key(algorithm)] = k
		}
		return nil
	})
	if errors.Is(err, ledger.ErrUnknown) {
		return nil, ErrNotInitialised
	}
	if err != nil {
		return nil, fmt.Errorf("load the authorities: %w", err)
	}
	return pki.Load(address, kept)
}

// Write writes the files that others read, each whole or as before.
func Write(directory string, s ledger.Settings, authorities *pki.PKI) error {
	trust, err := authorities.Trust()
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return fmt.Errorf("find the data directory: %w", err)
	}
	trustPath := filepath.Join(absolute, trustFile)
	registration := strings.Join([]string{
		"# What the registration system must know of the CA company.",
		"UNIREG_CA_URL=" + s.URL,
		"UNIREG_CA_TOKEN=" + s.Token,
		"UNIREG_CA_SECRETS=" + strings.Join(s.Incoming, ","),
		"UNIREG_CA_CALLBACK_KEYS=" + strings.Join(s.Checking(), ","),
		"UNIREG_CA_TRUST=" + trustPath,
		"UNIREG_EGRESS_PRIVATE=true",
	}, "\n") + "\n"
	operator := strings.Join([]string{
		"# The operator of the CA company.",
		"address=" + s.URL + "/",
		"login=" + s.Operator,
		"password=" + s.Password,
		"token=" + s.OperatorToken,
	}, "\n") + "\n"
	return errors.Join(
		replace(trustPath, trust, 0o644),
		replace(filepath.Join(absolute, registrationFile), []byte(registration), 0o600),
		replace(filepath.Join(absolute, operatorFile), []byte(operator), 0o600))
}

// replace writes a file so that it is whole or as before.
func replace(path string, content []byte, mode os.FileMode) error {
	partial, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = partial.Write(content)
	if err = errors.Join(err, partial.Chmod(mode), partial.Sync(), partial.Close()); err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), os.Remove(partial.Name()))
	}
	return nil
}

// Side is one direction of messages, for the exchange of its secrets.
type Side string

// The sides.
const (
	Incoming Side = "incoming" // what the registration system signs
	Outgoing Side = "outgoing" // what this program signs
)

// Rotate draws new secrets for a direction, which count beside the old ones
// until Retire, and writes the files anew.
func Rotate(directory string, store *ledger.Store, side Side) error {
	return exchange(directory, store, func(s *ledger.Settings) error {
		if side == Incoming {
			s.Incoming = append(s.Incoming, webhook.NewSecret())
			return nil
		}
		key, err := newKey()
		s.Secrets, s.Keys = append(s.Secrets, webhook.NewSecret()), append(s.Keys, key)
		return err
	})
}

// Retire drops all secrets of a direction but the newest, and writes the files
// anew.
func Retire(directory string, store *ledger.Store, side Side) error {
	return exchange(directory, store, func(s *ledger.Settings) error {
		if side == Incoming {
			s.Incoming = s.Incoming[len(s.Incoming)-1:]
			return nil
		}
		s.Secrets, s.Keys = s.Secrets[len(s.Secrets)-1:], s.Keys[len(s.Keys)-1:]
		return nil
	})
}

func exchange(directory string, store *ledger.Store, change func(*ledger.Settings) error) error {
	var settings ledger.Settings
	err := store.Update(func(tx *ledger.Tx) (err error) {
		if settings, err = tx.Settings(); err != nil {
			return err
		}
		if err := change(&settings); err != nil {
			return err
		}
		return tx.SetSettings(settings)
	})
	if err != nil {
		return fmt.Errorf("exchange secrets: %w", err)
	}
	authorities, err := Authorities(store)
	if err != nil {
		return err
	}
	return Write(directory, settings, authorities)
}

// RegistrationFile is the path of what the registration system must know.
func RegistrationFile(directory string) string { return filepath.Join(directory, registrationFile) }
