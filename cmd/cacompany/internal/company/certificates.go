package company

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/filetoken"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
)

// CertificateAction is what the operator does with a certificate.
type CertificateAction string

// The actions.
const (
	RevokeCertificate CertificateAction = "revoke"
	HoldCertificate   CertificateAction = "hold"
	ResumeCertificate CertificateAction = "resume"
)

// Chinese names the action for people.
func (a CertificateAction) Chinese() string {
	return map[CertificateAction]string{RevokeCertificate: "吊销", HoldCertificate: "挂失", ResumeCertificate: "解除挂失"}[a]
}

// CertificateActions lists what may be done with a certificate in its state.
func CertificateActions(state ledger.CertificateState) []CertificateAction {
	switch state {
	case ledger.Good:
		return []CertificateAction{RevokeCertificate, HoldCertificate}
	case ledger.Suspended:
		return []CertificateAction{RevokeCertificate, ResumeCertificate}
	default:
		return nil
	}
}

// Reason is why a certificate is revoked: a name of RFC 5280 and its meaning.
type Reason struct{ Name, Chinese string }

// onHold is the reason of a 挂失.
const onHold = "certificateHold"

// Reasons lists those that the operator may choose, the usual ones first.
func Reasons() []Reason {
	return []Reason{
		{"keyCompromise", "密钥泄露或遗失"},
		{"superseded", "已由新证书替代"},
		{"affiliationChanged", "主体信息变更"},
		{"cessationOfOperation", "停止使用"},
		{"privilegeWithdrawn", "资格撤销"},
	}
}

func reasonChinese(name string) string {
	for _, r := range Reasons() {
		if r.Name == name {
			return r.Chinese
		}
	}
	return ""
}

// Certify does something with a certificate: it revokes it for a reason, holds
// it or resumes it. The other certificate of a pair shares its fate.
func (c *Company) Certify(serial string, action CertificateAction, reason string, at time.Time) error {
	return c.update(string(action)+" a certificate", func(tx *ledger.Tx) error {
		found, err := tx.Certificate(serial)
		if errors.Is(err, ledger.ErrUnknown) {
			return &Refusal{http.StatusNotFound, "not_found", "没有这张证书。"}
		}
		if err != nil {
			return err
		}
		if !slices.Contains(CertificateActions(found.State), action) {
			return &Refusal{http.StatusConflict, "illegal_edge", "证书" + found.State.Chinese() + "，不能" + action.Chinese() + "。"}
		}
		if action == RevokeCertificate && reasonChinese(reason) == "" {
			return refuse("reason_required", "请选择吊销原因。")
		}
		return certifyPair(tx, found, action, reason, at)
	})
}

// certifyPair acts on a certificate and on what was issued along with it.
func certifyPair(tx *ledger.Tx, one *ledger.Certificate, action CertificateAction, reason string, at time.Time) error {
	a, err := tx.Application(one.Reference)
	if err != nil {
		return fmt.Errorf("find the application of a certificate: %w", err)
	}
	for _, serial := range a.Serials {
		certificate, err := tx.Certificate(serial)
		if err != nil {
			return fmt.Errorf("find a certificate: %w", err)
		}
		if !slices.Contains(CertificateActions(certificate.State), action) {
			continue
		}
		if err := certify(tx, certificate, action, reason, at); err != nil {
			return err
		}
	}
	return nil
}

func certify(tx *ledger.Tx, c *ledger.Certificate, action CertificateAction, reason string, at time.Time) error {
	event := protocol.Event{ID: "evt_" + uuid.NewString(), At: at.UTC(), Certificate: c.Ref()}
	c.Changed = at
	switch action {
	case RevokeCertificate:
		c.State, c.Reason, event.Type, event.Reason = ledger.Revoked, reason, protocol.Revoked, reasonChinese(reason)
	case HoldCertificate:
		c.State, c.Reason, event.Type, event.Reason = ledger.Suspended, onHold, protocol.Suspended, "挂失"
	case ResumeCertificate:
		c.State, c.Reason, event.Type = ledger.Good, "", protocol.Resumed
	}
	if err := tx.SaveCertificate(c); err != nil {
		return err
	}
	return callBack(tx, event, c.Serial, at)
}

// endOld revokes the certificate that an application was about, if it is not
// revoked yet.
func endOld(tx *ledger.Tx, a *ledger.Application, reason string, at time.Time) error {
	if a.Request.Certificate == nil {
		return nil
	}
	old, err := tx.Certificate(a.Request.Certificate.Serial)
	if err != nil {
		return fmt.Errorf("find the old certificate: %w", err)
	}
	return certifyPair(tx, old, RevokeCertificate, reason, at)
}

// unlock resets the PIN of the token file that the operator was handed, which
// must hold the certificate that the application is about.
func (c *Company) unlock(a *ledger.Application, d Decision, at time.Time) (Outcome, error) {
	if len(d.Token) == 0 {
		return Outcome{}, refuse("token_required", "请上传需要解锁的 UKey 文件（.ukey）。")
	}
	var puk string
	err := c.store.View(func(tx *ledger.Tx) error {
		held, err := tx.Certificate(a.Request.Certificate.Serial)
		if err != nil {
			return fmt.Errorf("find the certificate to unlock: %w", err)
		}
		puk = held.PUK
		return nil
	})
	if err != nil {
		return Outcome{}, err
	}
	pin, err := pinOr(d.PIN)
	if err != nil {
		return Outcome{}, err
	}
	file, err := unlockFile(d.Token, a.Request.Certificate.Serial, puk, pin)
	if err != nil {
		return Outcome{}, err
	}
	return c.finish(a.Reference(), at, protocol.Event{}, func(tx *ledger.Tx, a *ledger.Application, outcome *Outcome) error {
		a.TokenName = a.OrderNo + ".ukey"
		outcome.TokenName, outcome.Token, outcome.PIN = a.TokenName, file, pin
		return tx.SetToken(a.Reference(), file)
	})
}

// unlockFile returns the token with a new PIN and its tries anew.
func unlockFile(content []byte, serial, puk, pin string) (file []byte, err error) {
	directory, err := os.MkdirTemp("", "cacompany-") // tokens are opened from disk
	if err != nil {
		return nil, fmt.Errorf("unlock a token: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	path := filepath.Join(directory, "token.ukey")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, fmt.Errorf("unlock a token: %w", err)
	}
	token, err := filetoken.Open(path)
	if err != nil {
		return nil, refuse("token", "上传的文件不是 UKey 文件。")
	}
	if !slices.ContainsFunc(token.Certificates(), func(chain filetoken.Chain) bool {
		held, err := certificate.Parse(chain.Certificates[0])
		return err == nil && held.Serial() == serial
	}) {
		return nil, refuse("token", "该 UKey 中没有申请所指的证书。")
	}
	if err := token.Unlock(puk, pin); err != nil {
		return nil, refuse("token", "该 UKey 无法解锁：它不是本公司制作的，或者已经永久锁定。")
	}
	if file, err = os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("unlock a token: %w", err)
	}
	return file, nil
}

// Unsound lists what an authority has revoked and suspended, for its lists.
// Certificates stay after they have expired, so that old signatures can be
// judged.
func (c *Company) Unsound(key string) (entries []certificate.Entry, err error) {
	err = c.store.View(func(tx *ledger.Tx) error {
		for found, err := range tx.Certificates() {
			if err != nil {
				return err
			}
			if found.Authority == key && found.State != ledger.Good {
				entries = append(entries, certificate.Entry{Serial: found.Serial, At: found.Changed.UTC().Truncate(time.Second), Reason: found.Reason})
			}
		}
		return nil
	})
	return entries, err
}

// Standing tells an authority's word on a serial, for OCSP: unknown if the
// authority did not issue it.
func (c *Company) Standing(key, serial string) (state authority.State, err error) {
	state.Status = certificate.Unknown
	err = c.store.View(func(tx *ledger.Tx) error {
		found, err := tx.Certificate(serial)
		if errors.Is(err, ledger.ErrUnknown) || err == nil && found.Authority != key {
			return nil
		}
		if err != nil {
			return err
		}
		state = authority.State{Status: certificate.Status(found.State), Reason: found.Reason}
		if found.State != ledger.Good {
			state.At = found.Changed.UTC().Truncate(time.Second)
		}
		return nil
	})
	return state, err
}
