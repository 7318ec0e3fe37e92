package e2e

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
)

// keys presses keys, each alone, and stays on the page. Letters come down with
// their character at once, so that a page which takes the one takes both.
func (p *person) keys(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		r := []rune(key)[0]
		if r < ' ' || r > '~' {
			p.strikes(key)
			continue
		}
		for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			event := input.DispatchKeyEventParams{Type: kind, Key: key, WindowsVirtualKeyCode: int64(unicode.ToUpper(r))}
			if kind == input.DispatchKeyEventTypeKeyDown {
				event.Text = key
			}
			p.do(command(input.DispatchKeyEvent, event))
		}
	}
}

// keyTo presses a key and waits for the page it leads to.
func (p *person) keyTo(key string) {
	p.t.Helper()
	p.leavesBy(func() { p.keys(key) })
}

// decidesByKey presses Ctrl and Enter.
func (p *person) decidesByKey() {
	p.t.Helper()
	p.leavesBy(func() { p.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))) })
}

// chooses goes to a row of the desk by the key for the next one.
func (p *person) chooses(row string) {
	p.t.Helper()
	eventually(p.t, patience, func() string {
		p.keys("n")
		if at := p.eval(`document.querySelector(".chosen")?.id ?? ""`); at != row {
			return "chosen is " + at
		}
		return ""
	})
}

// awaits waits until a script answers that.
func (p *person) awaits(script, want string) {
	p.t.Helper()
	eventually(p.t, patience, func() string {
		if got := p.eval(script); got != want {
			return fmt.Sprintf("%s is %q, not %q", script, got, want)
		}
		return ""
	})
}

// unfoldsChecks shows the checks that found nothing.
func (p *person) unfoldsChecks() {
	p.t.Helper()
	p.press(strings.TrimSpace(p.find("summary", ".chk-all").Value))
}

// review is the page of the open review of a bidder's profile.
func (b *bidder) review(t testing.TB) string {
	t.Helper()
	id, err := b.system.store.ReviewOf(t.Context(), b.profile)
	require.NoError(t, err)
	return "/staff/reviews/" + string(id)
}

// TestN10_TheDeskByKeyboardAlone reviews a filing through two rounds without a
// mouse, on a portal on which decisions wait.
func TestN10_TheDeskByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	patient, err := s.runPortal("desk", map[string]string{"UNIREG_UNDO_PERIOD": "8s"})
	require.NoError(t, err)
	patient.serves(t)
	// A region of its own: what is decided here leads to no other test's filing.
	const region = "440106"
	files := func(name string) *bidder {
		b := newBidder(t, s, fmt.Sprintf(name, nextNumber())).complete(t)
		document := b.document()
		document.Region = form.Choice{Code: region, Name: codes.Regions.FullName(region)}
		b.save(t, document)
		return b.submitted(t)
	}
	b, next := files("麓谷%d设计有限公司"), files("麓谷%d勘察有限公司")
	member := newMember(t, s, "键盘审核员", record.Reviewer, true)
	require.NoError(t, s.store.SetStaffScope(t.Context(), record.Actor{Role: record.Supervisor}, member.ID, record.Reviewer, []string{region}, nil))
	desk := member.sit(t, s)
	desk.origin = patient.origin
	review := b.review(t)
	desk.open(review)

	desk.part("N10 a dialog lists the keys that the page has", func() {
		desk.keys("?")
		desk.sees("快捷键", "领取办理", "退回补正", "写整体意见", "选择下一行")
		desk.keys(kb.Escape)
		desk.awaits(`String(document.querySelector("dialog[open]") === null)`, "true")
	})
	desk.part("B01 L claims", func() {
		desk.keyTo("l")
		desk.sees("由我办理")
	})
	desk.part("N10 a row is chosen and remarked on, and keys are off while typing", func() {
		desk.chooses("row-address")
		desk.keys("c")
		desk.focusesOn("remark.address")
		desk.types("门牌号与执照不一致")
		desk.keys("a", "r")
		require.Equal(t, "门牌号与执照不一致ar", desk.value("对“注册地址”的意见"))
		require.Empty(t, desk.eval(`document.querySelector("[name=decision]:checked")?.value ?? ""`))
		desk.keys("\b", "\b", kb.Escape)
		desk.awaits(`document.activeElement.id`, "row-address")
		desk.eval(`(document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "a", keyCode: 229, isComposing: true, bubbles: true })), "")`)
		require.Empty(t, desk.eval(`document.querySelector("[name=decision]:checked")?.value ?? ""`), "while an input method composes")
		desk.keys("p")
		desk.awaits(`String(document.querySelector(".chosen").id !== "row-address")`, "true")
	})
	desk.part("B22 V shows the attachments large, arrows lead through them", func() {
		desk.keys("v")
		desk.sees("营业执照（1 / 4）")
		desk.strikes(kb.ArrowRight)
		desk.sees("法定代表人身份证正反面（2 / 4）")
		desk.keys(kb.Escape)
	})
	desk.part("N10 a decision with its opinion is handed in from the keyboard", func() {
		desk.keys("r", "e")
		desk.focusesOn("reason")
		desk.types("请按字段意见修改")
		desk.open(review) // by accident
		require.Equal(t, "请按字段意见修改", desk.value("意见"), "what was typed outlives a reload")
		require.Equal(t, "门牌号与执照不一致", desk.value("对“注册地址”的意见"))
		desk.decidesByKey()
		desk.sees("已退回补正："+b.subject.Name, "撤销", next.subject.Name)
		require.Equal(t, next.review(t), desk.path(), "the next filing is open")
		b.reaches(t, record.UnderReview)
	})
	desk.part("N10 U takes it back, and all that was typed stands again", func() {
		desk.keyTo("u")
		desk.sees("已撤销")
		require.Equal(t, "请按字段意见修改", desk.value("意见"))
		require.Equal(t, "门牌号与执照不一致", desk.value("对“注册地址”的意见"))
		desk.decidesByKey()
		desk.sees("已退回补正")
		b.reaches(t, record.Returned)
		desk.awaits(`String(document.querySelector("[data-undo]") === null)`, "true")
	})

	p := b.sit(t)
	p.part("N01 the bidder lands on the field, answers and corrects", func() {
		p.open("/home")
		p.follow("去补正")
		p.press("注册地址")
		p.focusesOn("address")
		p.fill("注册地址", "示范大道 102 号 6 层")
		p.press("答复审核人员（选填）")
		p.fill("对“注册地址”的审核意见的答复", "执照已于上月变更")
		p.follow("核对并提交")
		p.sees("对审核意见的答复", "已修改")
		p.follow("提交")
		p.sees("审核中")
	})
	desk.part("B04 the next round shows the remark ticked off, the change and the answer", func() {
		review = b.review(t)
		desk.open(review)
		desk.sees("补正重提", "上次退回的意见", "已修改", "申请人答复：执照已于上月变更")
		require.Equal(t, "102", desk.eval(`document.querySelector(".since ins").textContent`))
		desk.follow("较上次退回")
		desk.sees("被退回的", "改动", "1处")
	})
	desk.part("B02 A approves, and U undoes that, too", func() {
		desk.keyTo("l")
		desk.keys("a")
		desk.decidesByKey()
		desk.sees("已通过：" + b.subject.Name)
		desk.keyTo("u")
		desk.sees("已撤销")
		require.Equal(t, "approve", desk.eval(`document.querySelector("[name=decision]:checked").value`))
		desk.decidesByKey()
		desk.sees("已通过")
		b.reaches(t, record.NothingFiled)
	})
	desk.part("N10 keys are turned off, and their hints vanish", func() {
		desk.open(review)
		desk.keys("?")
		desk.follow("关闭快捷键")
		require.Equal(t, "0", desk.eval(`String(document.querySelectorAll("[data-key], main kbd").length)`))
		desk.keys("?")
		desk.awaits(`String(document.querySelector("dialog[open]") === null)`, "true")
		desk.press("快捷键")
		desk.follow("启用快捷键")
		require.NotEqual(t, "0", desk.eval(`String(document.querySelectorAll("[data-key]").length)`))
	})
}

// TestB01_WhoLosesAFilingIsTold shows what a page says whose filing somebody else
// took over, and that what was typed stays.
func TestB01_WhoLosesAFilingIsTold(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("梅溪%d物业有限公司", nextNumber())).complete(t).submitted(t)
	first, second := newMember(t, s, "先到者", record.Reviewer, true), newMember(t, s, "后来者", record.Reviewer, true)
	desk := first.sit(t, s)
	desk.open(b.review(t))
	desk.keyTo("l")
	desk.fill("意见", "写到一半")
	task := record.ID(strings.TrimPrefix(b.review(t), "/staff/reviews/"))
	comesBack := `(document.dispatchEvent(new Event("visibilitychange")), "")`
	desk.eval(comesBack)
	desk.awaits(`String(performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/renew")).length)`, "1") // it was answered
	desk.sees("由我办理，保留到")
	released, err := s.store.ReleaseClaim(t.Context(), first.ID, task)
	require.NoError(t, err)
	require.True(t, released)
	claimed, err := s.store.Claim(t.Context(), second.ID, task)
	require.NoError(t, err)
	require.True(t, claimed)
	desk.eval(comesBack)
	desk.sees("该件已由 后来者 领取", "您填写的内容还在本页")
	require.Equal(t, "写到一半", desk.value("意见"))
}
