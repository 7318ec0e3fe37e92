package e2e

import (
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// held is a certificate of the bidder and the application it came of, whose name
// its token file has.
type held struct {
	reference string
	serial    string
}

// tail is how the key's card names it among others of the same holder.
func (h held) tail() string { return "尾号 " + h.serial[len(h.serial)-4:] }

// TestB20_RenewLossChangeUnlockRevoke takes one bidder's keys through every
// business on a certificate: applied for on the portal's pages, done by the CA
// company's operator, and seen in what the keys can do afterwards.
func TestB20_RenewLossChangeUnlockRevoke(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	name := fmt.Sprintf("换证建设%d有限公司", nextNumber())
	b := newBidder(t, s, name).complete(t)
	p, office := newPerson(t, s), b.sit(t) // who uses the key, and another computer, with the password
	p.sendsNoHeader()
	office.open("/ca/applications/new")
	first := office.handsIn(b, "SM2")

	var renewed, replaced, changed held
	p.part("B20 C6 renewal: the new certificate counts, the old serial is dead", func() {
		p.logsInByKey(first.tail())
		p.applies(b, first, "续期", "有效期")
		renewed = p.handsIn(b, "SM2")
		b.died(t, first)
		p.isOut()
		p.logsInByKey(first.tail())
		p.sees("这张证书已被吊销")
		p.logsInByKey(renewed.tail())
		p.sees("首页", "CA 证书登录")
		p.open("/certificates")
		p.sees(renewed.serial, "有效", first.serial, "吊销")
	})
	p.part("B20 loss: the key is stopped at once, and another one takes its place", func() {
		office.applies(b, renewed, "补办（挂失）", "CA 锁遗失、被盗或损坏时办理")
		s.company.operates(t, "/operator/certificates/"+renewed.serial+"/hold", nil)
		p.isOut()
		p.logsInByKey(renewed.tail())
		p.sees("这张证书已挂失")
		replaced = office.handsIn(b, "RSA")
		b.died(t, renewed)
		office.opens(b, renewed)
		office.sees("吊销", "吊销之前的签名仍然有效")
		require.False(t, office.offers("续期"), "nothing is done with a dead certificate")
		p.logsInByKey(replaced.tail())
		p.sees("CA 证书登录")
	})
	p.part("B20 change: a certificate of what is in force takes the old one's place", func() {
		office.applies(b, replaced, "变更", "换发的新证书绑定后，原证书不再使用")
		changed = office.handsIn(b, "SM2")
		b.died(t, replaced)
		p.isOut()
		p.logsInByKey(changed.tail())
		p.sees("CA 证书登录")
	})
	p.part("B20 unlock: a key that is locked opens again, with the same certificate", func() {
		p.logsOut(name)
		k := s.keyOf(t, record.ID(changed.reference))
		for k.token.TriesLeft() > 2 {
			_, err := k.token.Sign("000000", k.der, nil)
			require.Error(t, err)
		}
		p.open("/login/certificate")
		p.sees("已连接 CA 驱动", changed.tail())
		p.choosesKey(changed.tail())
		window := p.pinWindow(func() { p.press("登录") })
		window.sees("CA 锁口令")
		window.fill("CA 锁口令", "000000")
		window.press("确定")
		window.sees("只剩最后 1 次机会")
		window.fill("CA 锁口令", "000000")
		window.press("确定")
		window.sees("CA 锁已锁定", "请联系 CA 公司解锁")

		office.applies(b, changed, "解锁", "口令输错次数用完")
		unlocking := path.Base(office.path())
		locked, err := os.ReadFile(s.tokenFile(changed.reference))
		require.NoError(t, err)
		const anew = "975310"
		token, err := decode(s.company.finishes(t, unlocking, map[string]any{"token": locked, "pin": anew})["token"])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(s.tokenFile(changed.reference), token, 0o600))
		office.reaches(b, unlocking, record.ApplicationIssued)
		office.sees("解锁已办结")
		office.seesNot("请携带", "正在制作证书")
		office.open("/messages")
		office.sees("CA 业务正在办理", "CA 业务已办结")
		require.Empty(t, b.stateOf(t, changed, record.CertificateValid), "the certificate is the same, and counts")
		p.logsInByKeyWith(anew, changed.tail())
		p.sees("CA 证书登录")
	})
	p.part("B20 C7 revocation: the session ends, and with it what the key could do", func() {
		office.applies(b, changed, "注销", "注销后不能恢复")
		revoking := path.Base(office.path())
		s.company.finishes(t, revoking, nil)
		b.died(t, changed)
		p.isOut()
		p.logsInByKeyWith("975310", changed.tail())
		p.sees("这张证书已被吊销")
		office.reaches(b, revoking, record.ApplicationIssued)
		office.sees("注销已办结")
		office.opens(b, changed)
		office.sees("证书已被吊销，不能登录和签名")
	})
}

// opens opens the page of a certificate.
func (p *person) opens(b *bidder, c held) {
	p.t.Helper()
	all, err := b.system.store.Certificates(p.t.Context(), b.subject.ID)
	require.NoError(p.t, err)
	for _, one := range all {
		if one.Serial == c.serial {
			p.open("/certificates/" + string(one.ID))
			p.sees(c.serial)
			return
		}
	}
	require.Fail(p.t, "the certificate is not bound", c.serial)
}

// applies opens the form of a business from the certificate's page.
func (p *person) applies(b *bidder, c held, business, explained string) {
	p.t.Helper()
	p.opens(b, c)
	p.follow(business)
	p.sees(explained, c.serial)
	p.press("提交申请")
	p.sees("确认提交" + business)
	p.follow("确定")
	p.sees("申请成功", business)
}

// handsIn sends the form that is open, if it is not sent yet, and has the CA
// company issue: a new key, which is plugged in at once and bound.
func (p *person) handsIn(b *bidder, algorithm string) held {
	p.t.Helper()
	if p.offers("提交申请") {
		p.press("提交申请")
		p.follow("确定")
		p.sees("申请成功")
	}
	c := held{reference: path.Base(p.path())}
	c.serial = p.system.company.issues(p.t, p.system, c.reference, algorithm)
	eventually(p.t, patience, func() string { return b.stateOf(p.t, c, record.CertificateValid) })
	return c
}

// finishes has the operator take an application from which no certificate comes
// to its end.
func (c *company) finishes(t testing.TB, reference string, order any) map[string]any {
	t.Helper()
	for _, step := range []string{"accept", "producing"} {
		c.operates(t, "/operator/applications/"+reference+"/"+step, nil)
	}
	return c.operates(t, "/operator/applications/"+reference+"/issue", order)
}

// reaches opens the application's page when the application stands there.
func (p *person) reaches(b *bidder, reference string, status record.ApplicationStatus) {
	p.t.Helper()
	(&applicant{bidder: b, application: record.ID(reference)}).stands(p.t, status)
	p.open("/ca/applications/" + reference)
}

// isOut waits until the person's session has ended.
func (p *person) isOut() {
	p.t.Helper()
	eventually(p.t, time.Minute, func() string {
		p.open("/home")
		if !strings.HasPrefix(p.path(), "/login") {
			return "the session goes on"
		}
		return ""
	})
}

// died waits until the certificate is revoked.
func (b *bidder) died(t testing.TB, c held) {
	t.Helper()
	eventually(t, patience, func() string { return b.stateOf(t, c, record.CertificateRevoked) })
}

// stateOf tells what keeps the certificate from being in that state.
func (b *bidder) stateOf(t testing.TB, c held, state record.CertificateState) string {
	t.Helper()
	all, err := b.system.store.Certificates(t.Context(), b.subject.ID)
	require.NoError(t, err)
	for _, one := range all {
		if one.Serial == c.serial {
			if got := one.State(time.Now()); got != state {
				return fmt.Sprintf("the certificate is %s, not %s", got, state)
			}
			return ""
		}
	}
	return "the certificate is not bound"
}
