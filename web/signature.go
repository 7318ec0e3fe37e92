package web

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// verifySignature proves again that a version was signed when it was submitted.
// What its issuer has said since then counts, as far as it reaches back.
func (s *Server) verifySignature(ctx context.Context, v storage.Version) (certificate.Report, error) {
	evidence, err := certificate.ParseEvidence(v.Signature)
	if err != nil {
		return certificate.Report{}, err
	}
	var digest [32]byte
	if n, err := hex.Decode(digest[:], []byte(v.SHA256)); err != nil || n != len(digest) {
		return certificate.Report{}, fmt.Errorf("verify signature: the digest of the version is none")
	}
	later, err := s.Store.KnownRevocation(ctx, v.Certificate)
	if err != nil {
		return certificate.Report{}, err
	}
	return s.Trust.VerifyEvidence(evidence, digest, v.AcceptedAt, later)
}

// signatureCheck says in a line what became of a version's signature; nil for a
// version that was submitted by password.
func (s *Server) signatureCheck(ctx context.Context, v storage.Version) *view.Check {
	if len(v.Signature) == 0 {
		return nil
	}
	if s.Trust == nil {
		return &view.Check{Tone: view.Warn, Text: "数字签名未核验", Note: "本平台没有配置可信的签发机构"}
	}
	report, err := s.verifySignature(ctx, v)
	if refusal, refused := certificate.RefusalOf(err); refused {
		return &view.Check{Tone: view.Bad, Text: "数字签名核验未通过", Note: refusal.Explain()}
	}
	if err != nil {
		return &view.Check{Tone: view.Bad, Text: "数字签名核验未通过", Note: "签名数据不完整"}
	}
	c := report.Certificate
	serial := c.Serial()
	return &view.Check{
		Tone: view.Good, Text: "数字签名有效，内容自提交后未被改动",
		Note: fmt.Sprintf("%s，%s，尾号 %s，%s 签发", c.CommonName(), c.Algorithm(), serial[max(0, len(serial)-4):], report.Verified.Issuer.Name),
		Facts: []view.Fact{
			{Name: "证书主体", Text: c.CommonName()},
			{Name: "序列号", Text: serial},
			{Name: "签发机构", Text: report.Verified.Issuer.Name},
			{Name: "有效期", Text: civil(c.NotBefore()) + " 至 " + civil(c.NotAfter())},
			{Name: "签名受理", Text: civil(report.AcceptedAt)},
			{Name: "内容指纹", Text: v.SHA256[:16] + "…"},
		},
	}
}

func civil(t time.Time) string { return t.In(record.Shanghai).Format(time.DateOnly) }

// downloadSignature gives the owner of a version what proves its signature
// anywhere else: the content as it was signed, and the evidence.
func downloadSignature(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	no := number(v.Params("no"))
	if no == 0 || s.Trust == nil {
		return errNoPage
	}
	version, err := s.Store.Version(v.ctx, v.subject.ID, id, no)
	if err != nil {
		return err
	}
	if len(version.Signature) == 0 {
		return errNoPage
	}
	content, err := s.Store.VersionContent(v.ctx, v.subject.ID, id, no)
	if err != nil {
		return err
	}
	bundle, err := s.Trust.NewBundle(content, version.Signature, version.AcceptedAt)
	if refusal, refused := certificate.RefusalOf(err); refused {
		return record.Errorf(record.Conflict, refusal.Explain())
	}
	if err != nil {
		return err
	}
	text, err := bundle.Marshal()
	if err != nil {
		return err
	}
	v.audit("signature exported", slog.String("record", string(id)), slog.Int("version", no))
	v.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=signed-version-%d.json", no))
	v.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return v.Send(text)
}
