/**
 * Which project this host has open, and those the person had open before. All windows of a host show the same project:
 * when one of them opens another, `switched` tells the rest.
 */
import { z } from 'zod'
import { taskSchema } from '../domain/task'
import { startedJobSchema } from './jobs'
import { projectInfoSchema } from './project'
import { defineContract, noInput, noOutput } from './rpc'

export const recentProjectSchema = z.object({
  /** Absolute. */
  folder: z.string(),
  name: z.string(),
  task: z.string(),
  /** ISO 8601, UTC. */
  openedAt: z.string(),
  /** false: the folder is not there now; a drive may be unplugged. */
  exists: z.boolean(),
})
export type RecentProject = z.infer<typeof recentProjectSchema>

/**
 * What happens to jobs that run in the project that is closed: without `force` the call is refused with `jobs-running`,
 * whose details list them as `jobs: {id, kind, run}[]`; with it they become `interrupted` and can be resumed later.
 */
const force = z.boolean().default(false)

export const projectsContract = defineContract({
  methods: {
    /** null: none is open. */
    current: { input: noInput, output: z.object({ project: projectInfoSchema.nullable() }) },
    /** Last opened first. */
    recents: { input: noInput, output: z.object({ recents: z.array(recentProjectSchema) }) },
    /** Takes a project off the list; its files stay. */
    forget: { input: z.object({ folder: z.string().min(1) }), output: noOutput },
    /**
     * Closes what is open and opens another project, by its folder or its file. When that cannot be opened, the first
     * one stays open. Throws what opening throws, `jobs-running`, and `project-owned` when another process has it open
     * (details: `pid`, and `url`, the address of its window).
     */
    open: { input: z.object({ folder: z.string().min(1), force }), output: projectInfoSchema },
    /** The same for a new project; its folder may exist. Throws `project-exists`. */
    create: {
      input: z.object({
        folder: z.string().min(1),
        name: z.string().min(1).max(200).optional(),
        task: taskSchema.default('detect'),
        force,
      }),
      output: projectInfoSchema,
    },
    close: { input: z.object({ force }).default({ force: false }), output: noOutput },
    /** A folder for a new project of that name that is not there yet, in the person's usual place. */
    suggestFolder: {
      input: z.object({ name: z.string().max(200).default('') }),
      output: z.object({ folder: z.string() }),
    },
    /**
     * Opens the sample project, a harbour painted on this machine: an existing one as it is, else a new one in `folder`
     * (default: the person's usual place) that a job fills with images and annotations. `job` is null when there is
     * nothing to fill; the job's result is an ImportReport.
     */
    openSample: {
      input: z.object({
        folder: z.string().min(1).optional(),
        images: z.int().min(10).max(10_000).default(120),
        seed: z.int().min(0).default(0),
        force,
      }),
      output: z.object({ project: projectInfoSchema, job: startedJobSchema.shape.job.nullable() }),
    },
  },
  events: {
    /** Another project is open now, or none: ask `current`, and forget everything about the one before. */
    switched: z.object({ folder: z.string().nullable() }),
    /** The list of recent projects changed. */
    recents: z.object({}),
  },
})
