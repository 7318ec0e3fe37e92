package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"unireg/activities"
	"unireg/record"
	"unireg/storage/storagetest"
	"unireg/workflows"
)

// almanac is a system that asks for the annual confirmation, and stops who is overdue
// with it.
type almanac struct {
	*system
	database *storagetest.Database
	staff    *member
}

func newAlmanac(t *testing.T) *almanac {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	a := &almanac{system: &system{dir: t.TempDir(), program: theSystem(t).program}, database: storagetest.Fresh(t)}
	t.Cleanup(func() { require.NoError(t, a.stop()) })
	require.NoError(t, a.furnish(ctx, t, a.database))
	a.env["UNIREG_CONFIRM_DAYS"], a.env["UNIREG_CONFIRM_SINCE"], a.env["UNIREG_CONFIRM_STOPS"] = "365", "2020-01-01", "true"
	address, err := freeAddress()
	require.NoError(t, err)
	require.NoError(t, a.serve(ctx, address))
	a.portal.showWhenFailed(t)
	a.worker.showWhenFailed(t)
	a.staff = newMember(t, a.system, "审核员历", record.Reviewer, true)
	return a
}

// confirmed is a bidder whose 基本信息 came in force so many days ago, until the test
// ends: what the system holds agrees again then.
func (a *almanac) confirmed(t *testing.T, name string, days int) *bidder {
	t.Helper()
	b := newBidder(t, a.system, fmt.Sprintf("%s%d有限公司", name, nextNumber())).complete(t)
	_, err := a.store.Accept(t.Context(), b.submission())
	require.NoError(t, err)
	b.reaches(t, record.UnderReview)
	b.decided(t, a.staff, record.Approve, "").reaches(t, record.NothingFiled)
	pass := func(ctx context.Context, days int) {
		_, err := a.database.Owner.NewRaw("UPDATE version_effects SET since = since - ? * interval '1 day' WHERE record = ?", days, b.profile).Exec(ctx)
		require.NoError(t, err)
	}
	pass(t.Context(), days)
	t.Cleanup(func() { pass(context.WithoutCancel(t.Context()), -days) })
	return b
}

// sweeps has the worker tell what expires, as it does each night.
func (a *almanac) sweeps(t *testing.T) {
	t.Helper()
	schedule := a.client.ScheduleClient().GetHandle(t.Context(), workflows.SweepID(activities.SweepExpiries))
	require.NoError(t, schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
}

func TestB11_AUnitConfirmsThatNothingHasChanged(t *testing.T) {
	t.Parallel()
	a := newAlmanac(t)
	due := a.confirmed(t, "谷山历", 335)
	late := a.confirmed(t, "谷山晚", 400)
	p := due.sit(t)
	p.part("B11 thirty days before, the home page and a message lead to it", func() {
		p.open("/home")
		p.sees("请进行年度确认", "还有 30 天", "待年度确认", "可以参加")
		a.sweeps(t)
		eventually(t, patience, func() string {
			all, err := a.store.Notifications(t.Context(), due.subject.ID, "", 10)
			if err != nil {
				return err.Error()
			}
			for _, n := range all {
				if n.Topic == "confirmation" {
					return ""
				}
			}
			return "nobody has told it"
		})
		p.open("/messages")
		p.sees("请进行年度确认", "有变化的请办理变更")
		p.follow("去确认")
	})
	p.part("B11 nothing is confirmed without the tick", func() {
		p.sees("上次确认", "最后期限", due.subject.Name, "陈明远")
		p.follow("确认无变化")
		p.sees("请核对后勾选")
		p.tick("我确认以上信息真实、有效、无变更", "")
		p.follow("确认无变化")
		p.sees("年度确认已完成", "已年度确认", "本期不需要再确认")
	})
	p.part("B11 it stands in the history, and is asked for no more", func() {
		p.open("/history")
		p.sees("确认第 1 版无变化")
		p.open("/profile")
		p.sees("年度确认", "审核通过，已生效")
		p.open("/home")
		p.seesNot("还有 30 天", "待年度确认")
	})
	phone := late.sit(t)
	phone.window(phoneWidth, phoneHeight)
	phone.withoutScripts()
	phone.part("B11 who is overdue may not bid, and confirms on a phone without scripts", func() {
		phone.open("/home")
		phone.sees("基本信息逾期未年度确认", "确认前不能参加交易", "暂不能参加")
		phone.follow("去确认")
		phone.sees("逾期未年度确认", "有变化，去变更")
		phone.tick("我确认以上信息真实、有效、无变更", "")
		phone.follow("确认无变化")
		phone.sees("年度确认已完成")
		phone.open("/home")
		phone.sees("可以参加")
		phone.seesNot("逾期")
	})
	desk := a.staff.sit(t, a.system)
	desk.part("B11 staff see when it was confirmed and is to be", func() {
		desk.findsSubject(late.subject.Name)
		desk.sees("年度确认", "已年度确认", "最后期限")
		desk.follow("变更历史")
		desk.sees("年度确认", "审核通过，已生效")
	})
}
