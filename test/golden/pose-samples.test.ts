/** Keypoint files of many data sets (4 to 294 points), each imported by itself: the right skeleton, or what is wrong. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TagwrightError } from '@shared/base/errors'
import { datasetsContract } from '@shared/contract/datasets'
import { skeletonFault } from '@shared/domain/skeleton'
import { importDatasets } from '../../src-main/jobs/import-job'
import { openDataset } from '../../src-main/store/read-dataset'
import { initStore } from '../../src-main/store/store'
import { collect } from '../helpers/collect'
import { need } from '../helpers/need'

const data = need('data')
const context = { signal: new AbortController().signal, report() {}, log() {} }

/** What an import says, in one line, and what it brought. */
async function importFile(path: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tagwright-pose-'))
  const store = initStore(join(folder, 'project'))
  try {
    const report = await importDatasets(store, datasetsContract.methods.import.input.parse({ paths: [path] }), context)
    const open = openDataset(store)
    const items = await collect(open.dataset.items())
    const labels = open.dataset.labels
    open.close()
    return { report, items, labels }
  } finally {
    store.close()
    rmSync(folder, { recursive: true })
  }
}

async function summarise(path: string): Promise<string> {
  try {
    const { report, items, labels } = await importFile(path)
    for (const { skeleton } of labels) if (skeleton) expect(skeletonFault(skeleton)).toBeNull()
    const points = new Map(labels.map((label) => [label.key, label.skeleton?.names.length]))
    for (const { shape, label } of items.flatMap((item) => item.annotations)) {
      if (shape.kind === 'keypoints') expect(shape.keypoints).toHaveLength(points.get(label)!)
    }
    const kinds = labels.map(({ name, skeleton }) => `${name} ${skeleton ? `${skeleton.names.length}p ${skeleton.edges.length}e ${skeleton.flip.filter((to, i) => to > i).length}f` : '-'}`) // prettier-ignore
    const codes = Object.entries(report.counts.codes).map(([code, n]) => `${code} ${n}`)
    return `${report.format}, ${report.samples} images (${report.states.missing} missing), ${report.annotations} objects: ${[...new Set(kinds)].slice(0, 3).join(', ')}${codes.length ? `; ${codes.sort().join(', ')}` : ''}`
  } catch (error) {
    if (error instanceof TagwrightError)
      return `${error.code}: ${error.message
        .replace(data.path, '...')
        .replace(/ Known: .*/, '')
        .slice(0, 400)}`
    throw error
  }
}

data.describe('files of pose data sets', () => {
  const root = join(data.path, 'pose/mmpose-samples/tests/data')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json')).sort() // prettier-ignore

  test('every file of the samples', async () => {
    const found: Record<string, string> = {}
    for (const file of files) found[file] = await summarise(join(root, file))
    expect(found).toMatchInlineSnapshot(`
      {
        "300vw/anno_300vw.json": "coco, 3 images (0 missing), 3 objects: person 68p 0e 0f; unnamed-keypoints 1",
        "300w/test_300w.json": "coco, 2 images (0 missing), 2 objects: face 68p 0e 0f; unnamed-keypoints 1",
        "300wlp/test_300wlp.json": "coco, 2 images (0 missing), 2 objects: face 68p 0e 0f; unnamed-keypoints 1",
        "aflw/test_aflw.json": "coco, 2 images (0 missing), 2 objects: face 19p 0e 0f; unnamed-keypoints 1",
        "aic/test_aic.json": "coco, 3 images (0 missing), 9 objects: person 14p 14e 6f",
        "ak/test_animalkingdom.json": "coco, 2 images (0 missing), 2 objects: Amphibian 23p 22e 7f, Bird 23p 22e 7f, class 4 23p 22e 7f; skeleton-from-0 2, unlisted-category 1",
        "animalpose/test_animalpose.json": "coco, 2 images (0 missing), 2 objects: cat 20p 20e 8f",
        "ap10k/test_ap10k.json": "coco, 2 images (0 missing), 2 objects: antelope 17p 17e 7f, argali sheep 17p 17e 7f, bison 17p 17e 7f",
        "atrw/test_atrw.json": "coco, 2 images (0 missing), 2 objects: tiger 15p 14e 6f; skeleton-from-0 1",
        "campus/calibration_campus.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/campus/calibration_campus.json, which holds a JSON object with the fields "0", "1", "2".",
        "coco/test_coco.json": "coco, 4 images (0 missing), 14 objects: person 17p 19e 8f",
        "coco/test_coco_det_AP_H_56.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/coco/test_coco_det_AP_H_56.json, which holds a list of detections with the fields "bbox", "category_id", "image_id", "score": results of a model, which name no images (compare them with their ground truth by "eval-coco").",
        "coco/test_coco_wholebody.json": "coco, 4 images (0 missing), 14 objects: person 133p 19e 61f; odd-visibility 2, unnamed-keypoints 1",
        "coco/test_keypoint_partition_metric.json": "coco, 4 images (0 missing), 14 objects: person 133p 19e 61f; odd-visibility 2, unnamed-keypoints 1",
        "cofw/test_cofw.json": "coco, 2 images (0 missing), 2 objects: face 29p 0e 0f; unnamed-keypoints 1",
        "crowdpose/test_crowdpose.json": "coco, 2 images (0 missing), 5 objects: person 14p 9e 6f; bad-edge 1",
        "crowdpose/test_crowdpose_det_AP_40.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/crowdpose/test_crowdpose_det_AP_40.json, which holds a list of detections with the fields "bbox", "category_id", "image_id", "score": results of a model, which name no images (compare them with their ground truth by "eval-coco").",
        "deepfasion2/deepfasion2.json": "coco, 2 images (0 missing), 2 objects: long_sleeved_dress 294p 0e 0f",
        "exlpose/test_exlpose.json": "coco, 2 images (0 missing), 6 objects: person 14p 13e 6f; skeleton-from-0 1",
        "fld/test_fld.json": "coco, 2 images (0 missing), 2 objects: fashion 8p 0e 4f",
        "fly/test_fly.json": "coco, 2 images (0 missing), 2 objects: fly 32p 25e 14f",
        "freihand/test_freihand.json": "coco, 8 images (0 missing), 8 objects: hand 21p 20e 0f",
        "h36m/h36m_coco.json": "coco, 4 images (0 missing), 4 objects: person 17p 16e 6f; skeleton-from-0 1",
        "halpe/test_halpe.json": "coco, 4 images (4 missing), 14 objects: person 136p 0e 0f; image-missing 4, unnamed-keypoints 1",
        "horse10/test_horse10.json": "coco, 3 images (0 missing), 3 objects: horse 22p 0e 0f",
        "humanart/test_humanart.json": "coco, 3 images (0 missing), 4 objects: person 21p 23e 10f",
        "humanart/test_humanart_det_AP_H_56.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/humanart/test_humanart_det_AP_H_56.json, which holds a list of detections with the fields "bbox", "category_id", "image_id", "score": results of a model, which name no images (compare them with their ground truth by "eval-coco").",
        "interhand2.6m/test_interhand2.6m_camera.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/interhand2.6m/test_interhand2.6m_camera.json, which holds a JSON object with the fields "3", "2", "7", "4".",
        "interhand2.6m/test_interhand2.6m_data.json": "coco, 4 images (0 missing), 4 objects: object -; no-categories 1",
        "interhand2.6m/test_interhand2.6m_joint_3d.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/interhand2.6m/test_interhand2.6m_joint_3d.json, which holds a JSON object with the fields "3", "2", "7", "4".",
        "jhmdb/test_jhmdb_sub1.json": "coco, 3 images (0 missing), 3 objects: person 15p 14e 6f",
        "lapa/test_lapa.json": "coco, 2 images (0 missing), 2 objects: face 106p 0e 0f; unnamed-keypoints 1",
        "locust/test_locust.json": "coco, 2 images (0 missing), 2 objects: locust 35p 26e 15f",
        "macaque/test_macaque.json": "coco, 2 images (0 missing), 2 objects: macaque 17p 19e 8f",
        "mhp/test_mhp.json": "coco, 2 images (0 missing), 4 objects: person 16p 15e 6f",
        "mpii/test_mpii.json": "mpii, 5 images (0 missing), 5 objects: person 16p 15e 6f",
        "mpii/test_mpii_trb.json": "coco, 5 images (0 missing), 5 objects: person 40p 0e 19f",
        "ochuman/test_ochuman.json": "coco, 3 images (0 missing), 5 objects: person 17p 19e 8f",
        "onehand10k/test_onehand10k.json": "coco, 4 images (0 missing), 4 objects: hand 21p 20e 0f",
        "panoptic/test_panoptic.json": "coco, 4 images (0 missing), 4 objects: hand 21p 20e 0f",
        "panoptic_body3d/160906_band1/calibration_160906_band1.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/panoptic_body3d/160906_band1/calibration_160906_band1.json, which holds a JSON object with the fields "calibDataSource", "cameras".",
        "panoptic_body3d/160906_band1/hdPose3d_stage1_coco19/body3DScene_00000168.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/panoptic_body3d/160906_band1/hdPose3d_stage1_coco19/body3DScene_00000168.json, which holds a JSON object with the fields "version", "univTime", "fpsType", "bodies".",
        "panoptic_body3d/160906_band1/hdPose3d_stage1_coco19/body3DScene_00000169.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/panoptic_body3d/160906_band1/hdPose3d_stage1_coco19/body3DScene_00000169.json, which holds a JSON object with the fields "version", "univTime", "fpsType", "bodies".",
        "panoptic_body3d/160906_band2/calibration_160906_band2.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/panoptic_body3d/160906_band2/calibration_160906_band2.json, which holds a JSON object with the fields "calibDataSource", "cameras".",
        "panoptic_body3d/160906_band2/hdPose3d_stage1_coco19/body3DScene_00000139.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/panoptic_body3d/160906_band2/hdPose3d_stage1_coco19/body3DScene_00000139.json, which holds a JSON object with the fields "version", "univTime", "fpsType", "bodies".",
        "panoptic_body3d/160906_band2/hdPose3d_stage1_coco19/body3DScene_00000140.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/panoptic_body3d/160906_band2/hdPose3d_stage1_coco19/body3DScene_00000140.json, which holds a JSON object with the fields "version", "univTime", "fpsType", "bodies".",
        "posetrack18/annotations/test_posetrack18_human_detections.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/posetrack18/annotations/test_posetrack18_human_detections.json, which holds a list of detections with the fields "bbox", "category_id", "image_id", "score": results of a model, which name no images (compare them with their ground truth by "eval-coco").",
        "posetrack18/annotations/test_posetrack18_val.json": "coco, 3 images (0 missing), 14 objects: person 17p 19e 7f; beyond-image 2",
        "posetrack18/annotations/val/003418_mpii_test.json": "coco, 1 images (0 missing), 1 objects: person 17p 19e 7f; beyond-image 1",
        "posetrack18/annotations/val/009473_mpii_test.json": "coco, 1 images (0 missing), 2 objects: person 17p 19e 7f",
        "posetrack18/annotations/val/012834_mpii_test.json": "coco, 1 images (0 missing), 11 objects: person 17p 19e 7f; beyond-image 1",
        "rhd/test_rhd.json": "coco, 3 images (0 missing), 3 objects: hand 21p 20e 0f",
        "shelf/calibration_shelf.json": "unknown-format: No known annotation format was found in .../pose/mmpose-samples/tests/data/shelf/calibration_shelf.json, which holds a JSON object with the fields "0", "1", "2", "3", "4".",
        "ubody3d/ubody3d_train.json": "coco, 1 images (1 missing), 1 objects: person 133p 0e 0f; image-missing 1, unnamed-keypoints 1",
        "wflw/test_wflw.json": "coco, 2 images (0 missing), 4 objects: face 98p 0e 0f; unnamed-keypoints 1",
        "zebra/test_zebra.json": "coco, 2 images (0 missing), 2 objects: zebra 9p 8e 2f",
      }
    `)
  }, 60_000)
})
