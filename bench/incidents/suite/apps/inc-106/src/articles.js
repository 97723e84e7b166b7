'use strict'

function articleOf(slug) {
  return { slug, title: slug.replaceAll('-', ' '), words: slug.length * 40 }
}

module.exports = { articleOf }
