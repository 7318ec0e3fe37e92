package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/certificate"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

var useLabels = map[string]string{storage.UseSigning: "签名证书", storage.UseEncryption: "加密证书"}

var boundLabels = map[string]string{storage.BoundByCallback: "签发后自动绑定", storage.BoundByFirstLogin: "首次登录时绑定"}

var algorithmLabels = map[string]string{"RSA": "RSA", "ECDSA": "ECDSA（P-256）", "SM2": "SM2（国密）"}

// certificateTag is a certificate's state with its tone.
func certificateTag(s record.CertificateState) view.Tag {
	tag := view.Tag{Text: s.Label(), Tone: view.Bad}
	switch s {
	case record.CertificateValid:
		tag.Tone = view.Good
	case record.CertificateExpiring, record.CertificateNotYet, record.CertificateSuspended:
		tag.Tone = view.Warn
	case record.CertificateUnbound:
		tag.Tone = view.Plain
	case record.CertificateExpired, record.CertificateRevoked:
	}
	return tag
}

func certificateRow(c storage.Certificate, now time.Time) view.CertificateRow {
	return view.CertificateRow{
		ID: string(c.ID), Href: "/certificates/" + string(c.ID), Subject: c.Kind.Label(), Kind: c.Kind.Label(), Use: useLabels[c.Use],
		Algorithm: algorithmLabels[c.Algorithm], Issuer: shownIssuer(c.Issuer), Serial: c.Serial, From: c.NotBefore, To: c.NotAfter,
		State: certificateTag(c.State(now)), BoundBy: boundLabels[c.BoundBy],
	}
}

var commonName = regexp.MustCompile(`(?:^|,)CN=((?:[^,\\]|\\.)+)`)

// shownIssuer is the common name in an issuer's distinguished name, or the whole
// name.
func shownIssuer(name string) string {
	if match := commonName.FindStringSubmatch(name); match != nil {
		return strings.ReplaceAll(match[1], `\`, "")
	}
	return name
}

// listCertificates is 数字证书: what is bound to the account, and what was applied
// for.
func listCertificates(s *Server, v *visit) error {
	certificates, err := s.Store.Certificates(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	applications, err := s.Store.Applications(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	var m view.CertificateListModel
	if v.may(record.ToFile) {
		m.Apply = "/ca/applications/new"
	}
	now := time.Now()
	for _, c := range certificates {
		row := certificateRow(c, now)
		m.Certificates = append(m.Certificates, row)
		if c.Use == storage.UseSigning && c.State(now) == record.CertificateExpiring {
			m.Expiring = append(m.Expiring, row)
		}
	}
	for _, a := range applications {
		row := view.ApplicationRow{
			Href: applicationPath(a.ID), Title: applicationTitle(v, a), Receipt: a.Receipt, At: a.AcceptedAt, State: applicationTag(a),
		}
		if a.ClosedAt.IsZero() {
			row.Note = a.Failure
		}
		m.Applications = append(m.Applications, row)
	}
	p, err := v.portal("数字证书")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.CertificateListPage(p, m))
}

// showCertificate is one certificate with everything in it, and what can be
// applied for on it.
func showCertificate(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	c, err := s.Store.Certificate(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	parsed, err := certificate.Parse(c.DER)
	if err != nil {
		return fmt.Errorf("show certificate %s: %w", id, err)
	}
	applications, err := s.Store.Applications(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	now := time.Now()
	m := view.CertificateModel{
		CertificateRow: certificateRow(c, now), Title: parsed.CommonName(), File: "/certificates/" + string(id) + "/file",
		Groups: certificateFacts(c, parsed), Actions: certificateActions(c, applications, now), Notices: certificateNotices(c, now),
	}
	for i := range m.Actions {
		if a := &m.Actions[i]; a.Denied == "" && !v.may(record.ToFile) {
			a.Denied, a.Href = "您的角色是只读", ""
		}
	}
	if m.Title == "" {
		m.Title = c.Kind.Label()
	}
	p, err := v.portal(v.tr("数字证书：%s %s", m.Subject, m.Serial))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.CertificatePage(p, m))
}

// certificateNotices say what a state means for who holds the certificate.
func certificateNotices(c storage.Certificate, now time.Time) []view.Notice {
	say := func(tone view.Tone, text string) []view.Notice { return []view.Notice{{Tone: tone, Text: text}} }
	switch c.State(now) {
	case record.CertificateExpiring:
		return say(view.Warn, "证书即将到期，到期后不能登录和签名，请及时办理续期。")
	case record.CertificateExpired:
		return say(view.Bad, "证书已过期，不能登录和签名。以往的签名仍然有效。")
	case record.CertificateSuspended:
		return say(view.Warn, "证书已挂失，不能登录和签名。找回 CA 锁的请联系 CA 公司解除挂失，遗失的请办理补办。")
	case record.CertificateRevoked:
		return say(view.Bad, "证书已被吊销，不能登录和签名。吊销之前的签名仍然有效。")
	case record.CertificateNotYet:
		return say(view.Info, "证书还没有到生效时间。")
	case record.CertificateUnbound:
		return say(view.Info, "证书已与当前账号解除绑定。")
	case record.CertificateValid:
	}
	return nil
}

// personalDigits are numbers that may identify a person inside a name: resident
// identity numbers, and long runs of digits.
var personalDigits = regexp.MustCompile(`\d{15,18}[0-9Xx]?`)

// maskName hides a person's number in a distinguished name. An organization's
// code, which is public, has letters or is its own.
func maskName(name string, kind record.CertificateKind) string {
	if kind == record.OrganizationCertificate {
		return name
	}
	return personalDigits.ReplaceAllStringFunc(name, form.Mask)
}

func certificateFacts(c storage.Certificate, parsed *certificate.Certificate) []view.FactGroup {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "—"
		}
		return t.In(record.Shanghai).Format("2006-01-02 15:04:05")
	}
	fact := func(name, text string) view.CertificateFact { return view.CertificateFact{Name: name, Text: text} }
	code := func(name, text string) view.CertificateFact {
		return view.CertificateFact{Name: name, Text: text, Code: true}
	}
	use := useLabels[c.Use]
	if parsed.Signs() && parsed.Encrypts() {
		use = fmt.Sprintf("%s（密钥用法：签名、加密）", use)
	}
	state := []view.CertificateFact{
		fact("绑定方式", boundLabels[c.BoundBy]), fact("绑定时间", at(c.BoundAt)), fact("最近登录", at(c.LastLoginAt)),
	}
	if !c.SuspendedAt.IsZero() {
		state = append(state, fact("挂失时间", at(c.SuspendedAt)))
	}
	if !c.RevokedAt.IsZero() {
		state = append(state, fact("吊销时间", at(c.RevokedAt)))
	}
	if c.Revocation != "" {
		state = append(state, fact("吊销或挂失原因", c.Revocation))
	}
	return []view.FactGroup{
		{Name: "证书内容", Facts: []view.CertificateFact{
			code("证书主体", maskName(parsed.Subject(), c.Kind)), code("颁发机构", c.Issuer), code("序列号", c.Serial),
			fact("类型", c.Kind.Label()), fact("用途", use), fact("算法", algorithmLabels[c.Algorithm]),
			fact("生效时间", at(c.NotBefore)), fact("到期时间", at(c.NotAfter)),
		}},
		{Name: "指纹", Facts: []view.CertificateFact{code("SHA-256", c.SHA256), code("SM3", c.SM3)}},
		{Name: "绑定与使用", Facts: state},
	}
}

// onCertificates are the businesses on a certificate, in the order of the page.
var onCertificates = []record.Business{
	record.BusinessRenew, record.BusinessReissue, record.BusinessChange, record.BusinessUnlock, record.BusinessRevoke,
}

func certificateActions(c storage.Certificate, applications []storage.Application, now time.Time) []view.CertificateAction {
	if c.Use != storage.UseSigning {
		return nil
	}
	var all []view.CertificateAction
	for _, b := range onCertificates {
		action := view.CertificateAction{Label: b.Label(), Text: businesses[b].explains[0], Danger: businesses[b].danger}
		open, busy := ofBusiness(applications, b, c.Kind)
		switch {
		case busy:
			action.Denied, action.Href, action.LinkText = "正在办理（"+open.Status.LabelFor(b)+"）", applicationPath(open.ID), "查看进度"
		case !possible(b, c, now):
			action.Denied = "证书" + c.State(now).Label() + "，不能办理"
		default:
			action.Href = "/ca/applications/new?" + url.Values{"business": {string(b)}, "certificate": {string(c.ID)}}.Encode()
		}
		all = append(all, action)
	}
	return all
}

// sendCertificate sends one of the subject's own certificates, as DER.
func sendCertificate(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	c, err := s.Store.Certificate(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	v.Set(fiber.HeaderContentType, "application/pkix-cert")
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(c.Kind.Label()+"-"+c.Serial+".cer", false))
	return v.send(io.NopCloser(bytes.NewReader(c.DER)), int64(len(c.DER)))
}
