/** Questions to a person: one at a time, answered by a promise. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface Question {
  title: string
  /** What will happen, with the counts. */
  text?: string
  /** Lines below the text, e.g. what is affected. */
  lines?: readonly string[]
  /** Of the button that goes ahead: a verb. */
  confirm: string
  cancel?: string
  danger?: boolean
  /** Asks for a line of text. */
  input?: { label: string; value: string; placeholder?: string; check?: (text: string) => string | null }
}
interface Asked extends Question {
  answer: (value: string | null) => void
}

export const useDialogs = defineStore('dialogs', () => {
  const questions = ref<Asked[]>([])

  const ask = (question: Question): Promise<string | null> =>
    new Promise((resolve) => {
      questions.value.push({
        ...question,
        answer(value) {
          questions.value.shift()
          resolve(value)
        },
      })
    })
  const confirm = async (question: Question): Promise<boolean> => (await ask(question)) !== null
  /** The text, or null when given up. */
  const prompt = (question: Question & Required<Pick<Question, 'input'>>): Promise<string | null> => ask(question)
  return { questions, confirm, prompt }
})
