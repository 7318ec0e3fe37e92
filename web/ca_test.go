package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/web/paper"
)

// company stands for the CA company and the workflow between it and the portal:
// it gives each application the next of its answers at once.
type company struct {
	t     *testing.T
	store *storage.Store
	world *certificatetest.World
	mu    sync.Mutex
	next  record.CAAnswer
	got   []record.CABundle
	rung  int
}

var acceptance = record.Acceptance{
	OrderNo: "CA-20261124-17", Papers: []string{"数字证书申请表一式一份，加盖公章", "营业执照副本复印件"},
	Counters: []record.Counter{{Name: "长沙受理点", Address: "万家丽南路二段 29 号", Hours: "工作日 9:00–17:00", Phone: "0731-00000001"}},
}

// newCompany makes a portal whose applications come to a company that accepts.
func newCompany(t *testing.T) (*portal, *company) {
	t.Helper()
	c := &company{t: t, world: certificatetest.New(t, "", ""), next: record.CAAnswer{Acceptance: acceptance}}
	p := newPortal(t, func(o *Options) {
		c.store, o.Applications, o.TemporalUI = o.Store, c, "http://temporal.test"
		o.Site.QQ, o.Site.Hotline = "测试群 878543073", "0731-82210013/82210016"
	})
	return p, c
}

func (c *company) answers(a record.CAAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = a
}

func (c *company) RingApplication(ctx context.Context, id, _ record.ID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rung++
	if ask, _, err := c.store.BeginWithdrawal(ctx, id); err != nil || ask {
		if err != nil {
			return err
		}
		_, err = c.store.Withdrawn(ctx, id, record.CAAnswer{Events: [][]byte{c.event(id, 1, record.CAWithdrawn, "")}}, c.world.Trust)
		return err
	}
	bundle, _, err := c.store.BeginHandOff(ctx, id)
	if err != nil || bundle == nil {
		return err
	}
	if c.next.Failure == "" {
		c.got = append(c.got, *bundle)
	}
	_, err = c.store.HandedOff(ctx, id, c.next)
	return err
}

func (c *company) ApplicationURL(base string, id record.ID) string { return base + "/ca/" + string(id) }

func (c *company) event(id record.ID, sequence int, kind record.CAEventType, reason string, issued ...record.IssuedCertificate) []byte {
	body, err := json.Marshal(record.CAEvent{
		ID: fmt.Sprintf("%s-%d", id, sequence), Reference: id, Sequence: sequence, Type: kind, At: time.Now().UTC(), Reason: reason,
		Certificates: issued,
	})
	require.NoError(c.t, err)
	return body
}

// tells lets the company call back.
func (c *company) tells(id record.ID, sequence int, kind record.CAEventType, reason string, issued ...record.IssuedCertificate) {
	c.t.Helper()
	body := c.event(id, sequence, kind, reason, issued...)
	_, err := c.store.TakeCallback(c.t.Context(), storage.Callback{ID: fmt.Sprintf("%s-%d", id, sequence), Body: body})
	require.NoError(c.t, err)
	_, err = c.store.ApplyCallbacks(c.t.Context(), id, c.world.Trust)
	require.NoError(c.t, err)
}

// issues lets the company issue a signing certificate for the code.
func (c *company) issues(id record.ID, sequence int, code string) *certificate.Certificate {
	c.t.Helper()
	key := c.world.Issue(c.t, certificate.SM2, code)
	c.tells(id, sequence, record.CAIssued, "", record.IssuedCertificate{Use: record.UseSigning, PEM: string(key.Certificate.PEM())})
	return key.Certificate
}

// filled saves a complete draft.
func (b *bidder) filled() *bidder {
	b.p.t.Helper()
	page := b.get(b.path("/edit"))
	values := fields(b.document())
	values.Set("draft_version", page.value("draft_version"))
	saved := b.submit(page, b.path("/draft"), values)
	require.Equal(b.p.t, http.StatusSeeOther, saved.Status, saved.text())
	return b
}

// apply sends the form of a first application, as the page gives it.
func (b *bidder) apply(change func(url.Values)) *answer {
	b.p.t.Helper()
	page := b.get("/ca/applications/new")
	values := url.Values{
		"command": {page.value("command")}, "business": {page.value("business")}, "kind": {"organization"}, "years": {"2"}, "pickup": {"counter"},
	}
	if b.who.subject.Type == record.Person {
		values.Set("kind", "person")
	}
	if change != nil {
		change(values)
	}
	return b.submit(page, "/ca/applications", values)
}

// applied is the id in the address of an application.
func applied(t *testing.T, a *answer) record.ID {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, a.Status, a.text())
	id, ok := strings.CutPrefix(a.location(), "/ca/applications/")
	require.True(t, ok, a.location())
	return record.ID(id)
}

func TestS14ApplicationNeedsItsFields(t *testing.T) {
	p, c := newCompany(t)
	b := p.bidder()
	t.Run("S14 the button is closed and says what is missing, with links to the fields", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		require.Contains(t, page.text(), "CA 申请信息")
		require.Regexp(t, `<button type="button"[^>]*aria-disabled="true"[^>]*>CA办理申请</button>`, page.Body)
		require.Contains(t, page.Body, `href="#f-representative_name"`)
		require.Contains(t, page.Body, `href="#f-address"`)
		require.NotContains(t, page.Body, `href="#f-agent_name"`, "the contact is not needed")
		require.NotContains(t, page.Body, b.path("/ca"))
	})
	t.Run("S14 the form of an application names it too and cannot be sent", func(t *testing.T) {
		page := b.get("/ca/applications/new")
		require.Contains(t, page.Body, `href="`+b.path("/edit")+`#f-representative_name"`)
		require.NotContains(t, page.Body, `action="/ca/applications"`)
		a := b.submit(page, "/ca/applications", url.Values{
			"command": {string(storage.NewID())}, "business": {"apply"}, "kind": {"organization"}, "years": {"1"}, "pickup": {"counter"},
		})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Empty(t, c.got)
	})
	t.Run("S14 with 单位信息 and 法定代表人 the button opens; it saves the draft and leads on", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		values := fields(b.document())
		values.Del("agent_name")
		values.Set("draft_version", page.value("draft_version"))
		saved := b.submit(page, b.path("/ca"), values)
		require.Equal(t, "/ca/applications/new", saved.location(), saved.text())
		require.Contains(t, b.get(b.path("/edit")).Body, `formaction="`+b.path("/ca")+`"`)
		section := b.get("/ca/section?form=" + string(b.id))
		require.Contains(t, section.Body, "formaction")
		require.NotContains(t, section.Body, "<html")
		form := b.follow(saved)
		require.Contains(t, form.Body, `action="/ca/applications"`)
	})
	t.Run("S14 an agent's certificate needs the agent", func(t *testing.T) {
		a := b.apply(func(v url.Values) { v.Set("kind", "agent") })
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "经办人")
	})
	t.Run("S14 a person applies for a person's certificate", func(t *testing.T) {
		person := p.enter(p.newSubject(record.Person, "111", newResidentID(), "覃𬀩尔"+suffix())).filled()
		page := person.get("/ca/applications/new")
		require.Contains(t, page.text(), "自然人证书")
		require.NotContains(t, page.text(), "机构证书")
		require.NotContains(t, page.Body, person.who.subject.Code, "the number is masked")
		applied(t, person.apply(nil))
	})
}

func TestS15S16Application(t *testing.T) {
	p, c := newCompany(t)
	b := p.bidder().filled()
	page := b.get("/ca/applications/new")
	t.Run("S15 a dialog asks before anything is sent", func(t *testing.T) {
		require.Regexp(t, `(?s)<dialog[^>]*id="dialog-apply".*确认提交.*将发送给 CA 公司.*取消.*<button class="btn btn-primary">确定</button>`, page.Body)
		require.Regexp(t, `<a class="btn btn-primary" href="#dialog-apply" data-dialog="dialog-apply">`, page.Body, "it opens without scripts as well")
		require.Regexp(t, `(?s)action="/ca/applications".*?<button [^>]*disabled>`, page.Body, "Enter sends nothing unasked")
		require.Empty(t, c.got)
	})
	values := url.Values{
		"command": {page.value("command")}, "business": {"apply"}, "kind": {"organization"}, "years": {"2"}, "pickup": {"mail"},
	}
	t.Run("S15 what was chosen is kept when something is missing", func(t *testing.T) {
		a := b.submit(page, "/ca/applications", values)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "请填写邮寄地址")
		require.Regexp(t, `id="f-pickup-mail"[^>]*checked`, a.Body)
		require.Regexp(t, `id="f-years-2"[^>]*checked`, a.Body)
		require.Equal(t, values.Get("command"), a.value("command"))
	})
	values.Set("mail_address", "长沙市岳麓区 100 号 周予安 13900007788")
	id := applied(t, b.submit(page, "/ca/applications", values))
	t.Run("S16 success says so, with papers, counters and the paper to print", func(t *testing.T) {
		a := b.get("/ca/applications/" + string(id))
		require.Equal(t, http.StatusOK, a.Status)
		for _, words := range append([]string{"申请成功", "CA-20261124-17", "长沙受理点", "工作日 9:00–17:00", "数字证书申请表（PDF）", "已送达 CA 公司", "邮寄"}, acceptance.Papers...) {
			require.Contains(t, a.text(), words)
		}
		require.NotContains(t, a.Body, "重新发送")
		require.Len(t, c.got, 1)
		require.Equal(t, b.who.subject.Code, c.got[0].Code)
		require.Equal(t, 2, c.got[0].Years)
	})
	t.Run("S15 the same form sent again is the same application", func(t *testing.T) {
		require.Equal(t, id, applied(t, b.submit(page, "/ca/applications", values)))
		require.Len(t, c.got, 1)
		again := b.apply(nil)
		require.Equal(t, http.StatusConflict, again.Status, "one open application of a kind and business")
		require.Contains(t, b.get("/ca/applications/new").text(), "已有申请正在办理")
	})
	t.Run("S16 the paper holds the frozen data in full, and each print is in the history", func(t *testing.T) {
		before := count(t, "SELECT count(*) FROM events WHERE chain = ? AND type = 'application_printed'", b.who.subject.ID)
		a := b.submit(b.get("/ca/applications/"+string(id)), "/ca/applications/"+string(id)+"/paper", nil)
		require.Equal(t, http.StatusOK, a.Status, a.text())
		require.Equal(t, "application/pdf", a.Header.Get("Content-Type"))
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
		text, err := paper.Text([]byte(a.Body))
		require.NoError(t, err)
		text = strings.ReplaceAll(text, "\n", "")
		document := sample.Organization(b.who.subject.Code, b.who.subject.Name, form.File{})
		for _, words := range []string{
			b.who.subject.Name, b.who.subject.Code, document.Representative.Name, document.Representative.IDNumber, document.Agent.IDNumber,
			"CA-20261124-17", "机构证书", "2 年", "邮寄", "长沙受理点", "申请单位（盖章）",
		} {
			require.Contains(t, text, words)
		}
		require.Equal(t, before+1, count(t, "SELECT count(*) FROM events WHERE chain = ? AND type = 'application_printed'", b.who.subject.ID))
		require.NotContains(t, p.log.String(), document.Representative.IDNumber)
	})
	t.Run("W17 another subject's application is not there", func(t *testing.T) {
		other := p.bidder()
		path := "/ca/applications/" + string(id)
		require.Equal(t, http.StatusNotFound, other.get(path).Status)
		page := other.get("/ca/applications/new")
		for _, rest := range []string{"/paper", "/resend", "/withdraw"} {
			require.Equal(t, http.StatusNotFound, other.submit(page, path+rest, url.Values{"command": {string(storage.NewID())}}).Status, rest)
		}
	})
	t.Run("S16 the certificate is bound and the page leads to it", func(t *testing.T) {
		c.tells(id, 1, record.CAAccepted, "")
		c.tells(id, 2, record.CASupplement, "营业执照复印件不清晰")
		a := b.get("/ca/applications/" + string(id))
		require.Contains(t, a.text(), "请补正材料")
		require.Contains(t, a.text(), "营业执照复印件不清晰")
		c.tells(id, 3, record.CAAccepted, "")
		c.tells(id, 4, record.CAPayment, "请支付 200 元")
		require.Contains(t, b.get("/ca/applications/"+string(id)).text(), "等待支付")
		c.tells(id, 5, record.CAProducing, "")
		a = b.get("/ca/applications/" + string(id))
		require.Contains(t, a.text(), "正在制证")
		require.NotContains(t, a.text(), "撤销申请", "it is being made")
		c.issues(id, 6, b.who.subject.Code)
		a = b.get("/ca/applications/" + string(id))
		require.Contains(t, a.text(), "证书已签发并绑定")
		require.Regexp(t, `href="/certificates/[0-9a-f-]{36}"`, a.Body)
		messages := b.get("/messages")
		require.Contains(t, messages.text(), "证书已签发并绑定")
		require.Contains(t, messages.Body, "/ca/applications/"+string(id))
		require.Contains(t, b.get(b.path("/edit")).text(), "已绑定")
	})
}

func TestS17ApplicationFails(t *testing.T) {
	p, c := newCompany(t)
	b := p.bidder().filled()
	c.answers(record.CAAnswer{Failure: record.CAUnreachable})
	id := applied(t, b.apply(nil))
	path := "/ca/applications/" + string(id)
	t.Run("S17 failure says so with hotline and QQ group, and that it goes on", func(t *testing.T) {
		a := b.get(path)
		for _, words := range []string{"申请没有发送成功", "0731-82210013/82210016", "878543073", "自动重发", "重新发送", "暂时无法连接 CA 公司"} {
			require.Contains(t, a.text(), words)
		}
		require.Contains(t, b.get("/certificates").text(), "发送失败")
	})
	t.Run("S17 trying again sends the same application, once", func(t *testing.T) {
		c.answers(record.CAAnswer{Acceptance: acceptance})
		page := b.get(path)
		again := url.Values{"command": {page.value("command")}}
		require.Equal(t, path, b.submit(page, path+"/resend", again).location())
		require.Equal(t, path, b.submit(page, path+"/resend", again).location(), "a double click")
		require.Len(t, c.got, 1)
		require.Equal(t, id, c.got[0].Reference)
		require.Contains(t, b.get(path).text(), "申请成功")
		late := b.submit(page, path+"/resend", url.Values{"command": {string(storage.NewID())}})
		require.Equal(t, http.StatusConflict, late.Status)
		require.Contains(t, late.text(), "无需重新发送")
	})
	t.Run("S17 an application can be taken back", func(t *testing.T) {
		page := b.get(path)
		require.Contains(t, page.Body, `id="dialog-withdraw"`)
		undo := b.submit(page, path+"/withdraw", url.Values{"command": {string(storage.NewID())}})
		require.Equal(t, path, undo.location(), undo.text())
		require.Contains(t, b.get(path).text(), "申请已撤销")
	})
	t.Run("S17 a business refusal closes it, with the reason", func(t *testing.T) {
		c.answers(record.CAAnswer{Refused: true, Reason: "营业执照已过期"})
		refused := applied(t, b.apply(nil))
		a := b.get("/ca/applications/" + string(refused))
		require.Contains(t, a.text(), "CA 公司没有受理这份申请")
		require.Contains(t, a.text(), "营业执照已过期")
		require.NotContains(t, a.text(), "重新发送")
		c.answers(record.CAAnswer{Acceptance: acceptance})
		applied(t, b.apply(nil))
	})
	t.Run("S17 while the engine is away the page waits and asks again by itself", func(t *testing.T) {
		other := p.bidder().filled()
		p.Applications = nil
		defer func() { p.Applications = c }()
		waiting := applied(t, other.apply(nil))
		a := other.get("/ca/applications/" + string(waiting))
		require.Contains(t, a.text(), "正在发送给 CA 公司")
		require.Contains(t, a.Body, `http-equiv="refresh"`)
		require.Contains(t, a.Body, "data-refresh")
	})
}

func TestS31Certificates(t *testing.T) {
	p, c := newCompany(t)
	b := p.bidder().filled()
	require.Contains(t, b.get("/certificates").text(), "还没有绑定数字证书")
	id := applied(t, b.apply(nil))
	c.tells(id, 1, record.CAAccepted, "")
	c.tells(id, 2, record.CAProducing, "")
	issued := c.issues(id, 3, b.who.subject.Code)
	bound, err := p.Store.Certificates(t.Context(), b.who.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 1)
	path := "/certificates/" + string(bound[0].ID)

	t.Run("S31 the list shows each certificate", func(t *testing.T) {
		a := b.get("/certificates")
		for _, words := range []string{"机构证书", "签名证书", "SM2（国密）", "测试CA SM2", issued.Serial(), "有效", "签发后自动绑定", "办理记录", "查看"} {
			require.Contains(t, a.text(), words)
		}
		require.Contains(t, a.Body, `href="`+path+`"`)
	})
	t.Run("S31 查看 shows all of it", func(t *testing.T) {
		a := b.get(path)
		for _, words := range []string{issued.SHA256(), issued.SM3(), issued.Serial(), "颁发机构", "生效时间", "到期时间", "绑定时间"} {
			require.Contains(t, a.text(), words)
		}
	})
	t.Run("S31 the certificate can be taken along", func(t *testing.T) {
		a := b.get(path + "/file")
		require.Equal(t, string(issued.Raw()), a.Body)
		require.Equal(t, "application/pkix-cert", a.Header.Get("Content-Type"))
		require.Contains(t, a.Header.Get("Content-Disposition"), ".cer")
	})
	t.Run("W17 another subject's certificate is not there", func(t *testing.T) {
		other := p.bidder()
		require.Equal(t, http.StatusNotFound, other.get(path).Status)
		require.Equal(t, http.StatusNotFound, other.get(path+"/file").Status)
		require.Equal(t, http.StatusNotFound, other.get("/ca/applications/new?business=renew&certificate="+string(bound[0].ID)).Status)
	})
	for _, business := range []record.Business{record.BusinessRenew, record.BusinessReissue, record.BusinessChange, record.BusinessUnlock, record.BusinessRevoke} {
		t.Run("B20 "+string(business)+" is an application of its own", func(t *testing.T) {
			page := b.get(path)
			link := "/ca/applications/new?business=" + string(business) + "&amp;certificate=" + string(bound[0].ID)
			require.Contains(t, page.Body, link)
			form := b.get(strings.ReplaceAll(link, "&amp;", "&"))
			require.Equal(t, http.StatusOK, form.Status, form.text())
			require.Contains(t, form.text(), issued.Serial())
			a := b.submit(form, "/ca/applications", url.Values{
				"command": {form.value("command")}, "business": {string(business)}, "certificate": {string(bound[0].ID)}, "years": {"1"}, "pickup": {"counter"},
			})
			application := applied(t, a)
			got, err := p.Store.Application(t.Context(), b.who.subject.ID, application)
			require.NoError(t, err)
			require.Equal(t, business, got.Business)
			require.Equal(t, bound[0].ID, got.Certificate)
			require.Contains(t, b.get("/ca/applications/"+string(application)).text(), business.Label())
			require.Contains(t, b.get(path).text(), "正在办理（已发送）")
			require.Equal(t, "/ca/applications/"+string(application), b.get(strings.ReplaceAll(link, "&amp;", "&")).location())
		})
	}
	t.Run("B20 a revoked certificate offers nothing", func(t *testing.T) {
		_, err := owner(t).NewRaw("UPDATE certificates SET revoked_at = now() - interval '1 minute' WHERE id = ?", bound[0].ID).Exec(t.Context())
		require.NoError(t, err)
		_, err = owner(t).NewRaw("UPDATE ca_applications SET closed_at = now() WHERE subject = ?", b.who.subject.ID).Exec(t.Context())
		require.NoError(t, err)
		a := b.get(path)
		require.Contains(t, a.text(), "证书已被吊销")
		require.NotContains(t, a.Body, "business=renew")
		form := b.get("/ca/applications/new")
		refused := b.submit(form, "/ca/applications", url.Values{
			"command": {string(storage.NewID())}, "business": {"renew"}, "certificate": {string(bound[0].ID)}, "years": {"1"}, "pickup": {"counter"},
		})
		require.Equal(t, http.StatusConflict, refused.Status)
	})
}

func TestMaskedNames(t *testing.T) {
	const number = "430104198001010014"
	require.NotContains(t, maskName("CN=覃尔,SERIALNUMBER="+number, record.PersonCertificate), number)
	require.NotContains(t, maskName("CN=周予安,SERIALNUMBER="+number[:17]+"X", record.AgentCertificate), number[:17]+"X")
	require.Contains(t, maskName("CN=单位,SERIALNUMBER=91430100MA00DEM06N", record.OrganizationCertificate), "91430100MA00DEM06N")
	require.Equal(t, "湖南, CA", shownIssuer(`CN=湖南\, CA,O=x,C=CN`))
}

func TestS08Downloads(t *testing.T) {
	content := []byte("agent for windows")
	sum := sha256.Sum256(content)
	p := newPortal(t, func(o *Options) {
		o.Downloads = fstest.MapFS{"ukey-windows-amd64.exe": {Data: content}, "secret.txt": {Data: []byte("x")}}
	})
	b := p.browser()
	t.Run("S08 the page offers what is there, with checksum and guide, and says what is not", func(t *testing.T) {
		a := b.get("/downloads")
		require.Equal(t, http.StatusOK, a.Status)
		for _, words := range []string{
			hex.EncodeToString(sum[:]), "17 字节", "本站暂未提供", "运行", "确定", "安装", "完成", "插入CA锁", "【用户认证】", "访问本地网络", "口令错误",
			"【允许本网站】", "http://portal.test",
		} {
			require.Contains(t, a.text(), words)
		}
	})
	t.Run("S08 a file comes as an attachment, and no other", func(t *testing.T) {
		a := b.get("/downloads/ukey-windows-amd64.exe")
		require.Equal(t, string(content), a.Body)
		require.Contains(t, a.Header.Get("Content-Disposition"), "attachment")
		for _, path := range []string{"ukey-linux-amd64", "secret.txt", "..%2fsecret.txt"} {
			require.Equal(t, http.StatusNotFound, b.get("/downloads/"+path).Status, path)
		}
	})
	t.Run("S08 the person's own system is suggested", func(t *testing.T) {
		for agent, file := range map[string]string{
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140": "ukey-windows-amd64.exe",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)":      "ukey-darwin-arm64",
			"Mozilla/5.0 (X11; Linux aarch64) Firefox/130":         "ukey-linux-arm64",
			"Mozilla/5.0 (Linux; Android 14)":                      "",
			"curl/8":                                               "",
		} {
			require.Equal(t, file, suggestedBuild(agent), agent)
		}
	})
	t.Run("S08 an installation without builds says so", func(t *testing.T) {
		bare := newPortal(t, nil).browser()
		require.Equal(t, 5, strings.Count(bare.get("/downloads").text(), "本站暂未提供"))
		require.Equal(t, http.StatusNotFound, bare.get("/downloads/ukey-windows-amd64.exe").Status)
	})
}

func TestSilentApplicationsAreListed(t *testing.T) {
	p, c := newCompany(t)
	b := p.bidder().filled()
	id := applied(t, b.apply(nil))
	_, err := owner(t).NewRaw("UPDATE ca_applications SET escalated_at = now() WHERE id = ?", id).Exec(t.Context())
	require.NoError(t, err)
	desk, _ := p.newStaff(record.Reviewer, true)
	a := desk.get("/staff/applications")
	require.Equal(t, http.StatusOK, a.Status)
	require.Contains(t, a.text(), b.who.subject.Name)
	require.Contains(t, a.text(), "CA-20261124-17")
	require.Contains(t, a.Body, c.ApplicationURL("http://temporal.test", id))
}
