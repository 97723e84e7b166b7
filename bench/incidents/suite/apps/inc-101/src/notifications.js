'use strict'
const { bus, latest } = require('./bus')

/** Long poll: the next item for this user, or nothing after a while. */
function awaitNews(user, waitMs) {
  return new Promise((resolve) => {
    const view = { user, seen: latest().map((item) => ({ ...item, read: false })) }
    const timer = setTimeout(() => resolve(undefined), waitMs)
    const onNews = (item) => {
      if (item.user !== view.user) return
      clearTimeout(timer)
      bus.off('news', onNews)
      resolve({ item, unread: view.seen.length })
    }
    bus.on('news', onNews)
  })
}

module.exports = { awaitNews }
