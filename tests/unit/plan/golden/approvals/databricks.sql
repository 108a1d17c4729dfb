SELECT
  `op`,
  COUNT(*),
  MD5(LISTAGG(`content`, '') WITHIN GROUP (ORDER BY
    `content` NULLS LAST))
FROM (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('new', 'changed')
) AS `w`
GROUP BY
  `op`;

SELECT
  `plan_id`,
  `epoch`,
  `metadata`,
  `waits`,
  `adds`,
  `changes`,
  `removes`,
  `superseded_by`,
  `moved`,
  `approved_by`,
  `approved_at`,
  `finished_at`
FROM `shop_activation`.`held_plans`
WHERE
  `sync` = 'people__mailer';

SELECT
  `plan_id`,
  `epoch`,
  `metadata`,
  `waits`,
  `adds`,
  `changes`,
  `removes`,
  `superseded_by`,
  `moved`,
  `approved_by`,
  `approved_at`,
  `finished_at`
FROM `shop_activation`.`held_plans`
WHERE
  `sync` = 'people__mailer';

WITH `activation_waiting` AS (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('new', 'changed')
), `activation_held` AS (
  SELECT
    `op`,
    `identity`,
    `content`
  FROM `shop_activation`.`held_rows`
  WHERE
    `sync` = 'people__mailer' AND `plan_id` IN ('1c93f0-00000000')
), `activation_known` AS (
  SELECT
    `identity`,
    `written_epoch`,
    `unconfirmed`
  FROM `shop_activation`.`snapshot_people__mailer` AS `s`
)
SELECT
  CASE WHEN `h`.`content` IS NULL THEN 'new' ELSE 'changed' END AS `kind`,
  COALESCE(`s`.`written_epoch` > 6 OR NOT `s`.`unconfirmed` IS NULL, FALSE) AS `was_sent`,
  COUNT(*) AS `found`
FROM `activation_waiting` AS `w`
LEFT JOIN `activation_held` AS `h`
  ON `h`.`op` = `w`.`op` AND `h`.`identity` = `w`.`identity`
LEFT JOIN `activation_known` AS `s`
  ON `s`.`identity` = `w`.`identity`
WHERE
  `h`.`content` IS NULL OR `h`.`content` <> `w`.`content`
GROUP BY
  1,
  2;

WITH `activation_waiting` AS (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('new', 'changed')
), `activation_held` AS (
  SELECT
    `op`,
    `identity`,
    `content`
  FROM `shop_activation`.`held_rows`
  WHERE
    `sync` = 'people__mailer' AND `plan_id` IN ('1c93f0-00000000')
), `activation_known` AS (
  SELECT
    `identity`,
    `written_epoch`,
    `unconfirmed`
  FROM `shop_activation`.`snapshot_people__mailer` AS `s`
), `activation_held_back` AS (
  SELECT DISTINCT
    `identity`
  FROM (
    SELECT
      `identity`
    FROM (
      SELECT
        `r`.*,
        CASE
          WHEN `r`.`identity` IS NULL
          THEN 'invalid'
          WHEN `r`.`external_key` IS NULL
          THEN 'invalid'
          WHEN `r`.`t_plan` IS NULL
          THEN 'invalid'
          ELSE CAST(NULL AS STRING)
        END AS `fate`,
        CASE
          WHEN `r`.`identity` IS NULL
          THEN 'unidentified'
          WHEN `r`.`external_key` IS NULL
          THEN 'address-missing'
          WHEN `r`.`t_plan` IS NULL
          THEN 'null-refused'
          ELSE CAST(NULL AS STRING)
        END AS `detail`,
        CASE
          WHEN `r`.`identity` IS NULL OR `r`.`external_key` IS NULL OR `r`.`t_plan` IS NULL
          THEN NULL
          ELSE CAST(XXHASH64(
            CAST('3;databricks 1;34b1fd94a916adde59872e150c8e8782' AS STRING),
            CAST('3;databricks 1;34b1fd94a916adde59872e150c8e8782' AS STRING) IS NULL,
            `r`.`identity`,
            `r`.`identity` IS NULL,
            `r`.`external_key`,
            `r`.`external_key` IS NULL,
            `r`.`t_email`,
            `r`.`t_email` IS NULL,
            `r`.`t_plan`,
            `r`.`t_plan` IS NULL,
            `r`.`t_visits`,
            `r`.`t_visits` IS NULL
          ) AS DECIMAL(20, 0))
        END AS `fingerprint`
      FROM (
        SELECT
          CASE
            WHEN CAST(`m`.`id` AS STRING) = ''
            OR CAST(`m`.`id` AS STRING) LIKE ' %'
            OR CAST(`m`.`id` AS STRING) LIKE '% '
            THEN NULLIF(TRIM(CAST(`m`.`id` AS STRING)), '')
            ELSE CAST(`m`.`id` AS STRING)
          END AS `identity`,
          TRANSLATE(
            TRIM(BOTH '\t\n\013\014\r\034\035\036\037                  　' FROM CASE
              WHEN CAST(`m`.`email` AS STRING) = ''
              OR CAST(`m`.`email` AS STRING) LIKE ' %'
              OR CAST(`m`.`email` AS STRING) LIKE '% '
              THEN NULLIF(TRIM(CAST(`m`.`email` AS STRING)), '')
              ELSE CAST(`m`.`email` AS STRING)
            END),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          ) AS `external_key`,
          CASE
            WHEN CAST(`m`.`email` AS STRING) = ''
            OR CAST(`m`.`email` AS STRING) LIKE ' %'
            OR CAST(`m`.`email` AS STRING) LIKE '% '
            THEN NULLIF(TRIM(CAST(`m`.`email` AS STRING)), '')
            ELSE CAST(`m`.`email` AS STRING)
          END AS `external_id`,
          CAST(NULL AS STRING) AS `related_id`,
          CAST(NULL AS STRING) AS `reason`,
          CAST(NULL AS STRING) AS `event`,
          CAST(NULL AS TIMESTAMP) AS `occurred_at`,
          `m`.`plan` AS `t_plan`,
          COALESCE(`m`.`visits`, 0) AS `t_visits`,
          `m`.`email` AS `t_email`
        FROM `shop`.`people` AS `m`
      ) AS `r`
    ) AS `g`
    WHERE
      NOT `fate` IS NULL
  ) AS `b`
)
SELECT
  COALESCE(`s`.`written_epoch` > 6 OR NOT `s`.`unconfirmed` IS NULL, FALSE) AS `was_sent`,
  COUNT(*) AS `found`
FROM `activation_held` AS `h`
LEFT JOIN `activation_waiting` AS `w`
  ON `w`.`op` = `h`.`op` AND `w`.`identity` = `h`.`identity`
LEFT JOIN `activation_held_back` AS `b`
  ON `b`.`identity` = `h`.`identity`
LEFT JOIN `activation_known` AS `s`
  ON `s`.`identity` = `h`.`identity`
WHERE
  `w`.`identity` IS NULL AND `b`.`identity` IS NULL
GROUP BY
  1;

UPDATE `shop_activation`.`held_plans` SET `superseded_by` = 'aa07c8-06662048', `moved` = 'the metadata moved; the snapshot moved: 1 gone'
WHERE
  `sync` = 'people__mailer' AND `plan_id` = '1c93f0-00000000';

DELETE FROM `shop_activation`.`held_rows`
WHERE
  `sync` = 'people__mailer' AND `plan_id` = '1c93f0-00000000';

DELETE FROM `shop_activation`.`held_rows`
WHERE
  `sync` = 'people__mailer' AND `plan_id` = 'aa07c8-06662048';

DELETE FROM `shop_activation`.`held_plans`
WHERE
  `sync` = 'people__mailer' AND `plan_id` = 'aa07c8-06662048';

INSERT INTO `shop_activation`.`held_plans` (
  `sync`,
  `plan_id`,
  `held_at`,
  `waits`,
  `adds`,
  `changes`,
  `removes`,
  `run_id`,
  `epoch`,
  `metadata`,
  `message`,
  `superseded_by`,
  `moved`,
  `approved_run`,
  `approved_by`,
  `approved_at`,
  `finished_at`
)
SELECT
  'people__mailer' AS `sync`,
  'aa07c8-06662048' AS `plan_id`,
  CAST(FROM_UTC_TIMESTAMP(CURRENT_TIMESTAMP(), 'UTC') AS TIMESTAMP) AS `held_at`,
  'adds and changes' AS `waits`,
  0 AS `adds`,
  0 AS `changes`,
  0 AS `removes`,
  'run' AS `run_id`,
  7 AS `epoch`,
  '7d907ee58b016d0b' AS `metadata`,
  'too many' AS `message`,
  CAST(NULL AS STRING) AS `superseded_by`,
  CAST(NULL AS STRING) AS `moved`,
  CAST(NULL AS STRING) AS `approved_run`,
  CAST(NULL AS STRING) AS `approved_by`,
  CAST(NULL AS TIMESTAMP) AS `approved_at`,
  CAST(NULL AS TIMESTAMP) AS `finished_at`;

UPDATE `shop_activation`.`syncs` SET `held_plan` = 'aa07c8-06662048'
WHERE
  `sync` = 'people__mailer';

INSERT INTO `shop_activation`.`held_rows` (
  `sync`,
  `plan_id`,
  `op`,
  `identity`,
  `content`
)
SELECT
  'people__mailer' AS `sync`,
  'aa07c8-06662048' AS `plan_id`,
  `op` AS `op`,
  `identity` AS `identity`,
  `content` AS `content`
FROM (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('new', 'changed')
) AS `w`;

UPDATE `shop_activation`.`held_plans` SET `approved_run` = 'run', `approved_by` = 'me', `approved_at` = CAST(FROM_UTC_TIMESTAMP(CURRENT_TIMESTAMP(), 'UTC') AS TIMESTAMP)
WHERE
  `sync` = 'people__mailer' AND `plan_id` = 'aa07c8-06662048';

WITH `activation_waiting` AS (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('left', 'new', 'changed')
), `activation_held` AS (
  SELECT
    `op`,
    `identity`,
    `content`
  FROM `shop_activation`.`held_rows`
  WHERE
    `sync` = 'people__mailer' AND `plan_id` IN ('1c93f0-00000000')
)
SELECT
  `w`.`op`,
  COUNT(*) AS `found`
FROM `activation_waiting` AS `w`
INNER JOIN `activation_held` AS `h`
  ON `h`.`op` = `w`.`op` AND `h`.`identity` = `w`.`identity`
GROUP BY
  `w`.`op`;

UPDATE `shop_activation`.`held_plans` SET `finished_at` = CAST(FROM_UTC_TIMESTAMP(CURRENT_TIMESTAMP(), 'UTC') AS TIMESTAMP)
WHERE
  `sync` = 'people__mailer' AND `finished_at` IS NULL;

DELETE FROM `shop_activation`.`held_rows`
WHERE
  `sync` = 'people__mailer';

UPDATE `shop_activation`.`syncs` SET `held_plan` = CAST(NULL AS STRING)
WHERE
  `sync` = 'people__mailer';

SELECT
  `op`,
  COUNT(*),
  MD5(LISTAGG(`content`, '') WITHIN GROUP (ORDER BY
    `content` NULLS LAST))
FROM (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('left')
) AS `w`
GROUP BY
  `op`;

SELECT
  `plan_id`,
  `epoch`,
  `metadata`,
  `waits`,
  `adds`,
  `changes`,
  `removes`,
  `superseded_by`,
  `moved`,
  `approved_by`,
  `approved_at`,
  `finished_at`
FROM `shop_activation`.`held_plans`
WHERE
  `sync` = 'people__mailer';

SELECT
  `op`,
  COUNT(*),
  MD5(LISTAGG(`content`, '') WITHIN GROUP (ORDER BY
    `content` NULLS LAST))
FROM (
  SELECT
    `op`,
    `identity`,
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST(`op` AS STRING), '|'),
        COALESCE('|=' || CAST(`cause` AS STRING), '|'),
        COALESCE('|=' || CAST(`identity` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_id` AS STRING), '|'),
        COALESCE('|=' || CAST(`external_key` AS STRING), '|'),
        COALESCE('|=' || CAST(`related_id` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`target_id` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`reason` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`transition` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(`event` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`occurred_at` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`is_quiet` AS BOOLEAN) AS STRING), '|'),
        COALESCE('|=' || CAST(`changed` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`expires_from` AS TIMESTAMP) AS STRING), '|'),
        COALESCE('|=' || CAST(`zone` AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_plan` AS STRING) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_visits` AS INT) AS STRING), '|'),
        COALESCE('|=' || CAST(CAST(`t_email` AS STRING) AS STRING), '|')
      )
    ) AS `content`
  FROM (
    SELECT
      *
    FROM `shop_activation`.`plan_people__mailer`
    WHERE
      `epoch` = 7
  ) AS `p`
  WHERE
    `cause` IN ('new', 'changed')
) AS `w`
GROUP BY
  `op`;

SELECT
  `plan_id`,
  `epoch`,
  `metadata`,
  `waits`,
  `adds`,
  `changes`,
  `removes`,
  `superseded_by`,
  `moved`,
  `approved_by`,
  `approved_at`,
  `finished_at`
FROM `shop_activation`.`held_plans`
WHERE
  `sync` = 'people__mailer';

DELETE FROM `shop_activation`.`held_plans`
WHERE
  `sync` = 'people__mailer' AND `plan_id` = 'aa07c8-c6e12f68';

INSERT INTO `shop_activation`.`held_plans` (
  `sync`,
  `plan_id`,
  `held_at`,
  `waits`,
  `adds`,
  `changes`,
  `removes`,
  `run_id`,
  `epoch`,
  `metadata`,
  `message`,
  `superseded_by`,
  `moved`,
  `approved_run`,
  `approved_by`,
  `approved_at`,
  `finished_at`
)
SELECT
  'people__mailer' AS `sync`,
  'aa07c8-c6e12f68' AS `plan_id`,
  CAST(FROM_UTC_TIMESTAMP(CURRENT_TIMESTAMP(), 'UTC') AS TIMESTAMP) AS `held_at`,
  'everything' AS `waits`,
  1 AS `adds`,
  1 AS `changes`,
  1 AS `removes`,
  'run' AS `run_id`,
  7 AS `epoch`,
  '7d907ee58b016d0b' AS `metadata`,
  'applied from a file' AS `message`,
  CAST(NULL AS STRING) AS `superseded_by`,
  CAST(NULL AS STRING) AS `moved`,
  CAST(NULL AS STRING) AS `approved_run`,
  CAST(NULL AS STRING) AS `approved_by`,
  CAST(NULL AS TIMESTAMP) AS `approved_at`,
  CAST(NULL AS TIMESTAMP) AS `finished_at`;

UPDATE `shop_activation`.`syncs` SET `held_plan` = 'aa07c8-c6e12f68'
WHERE
  `sync` = 'people__mailer';

UPDATE `shop_activation`.`held_plans` SET `approved_run` = 'run', `approved_by` = 'me', `approved_at` = CAST(FROM_UTC_TIMESTAMP(CURRENT_TIMESTAMP(), 'UTC') AS TIMESTAMP)
WHERE
  `sync` = 'people__mailer' AND `plan_id` = 'aa07c8-c6e12f68';

WITH `activation_runs` AS (
  SELECT
    *,
    CAST(CAST(`started_at` + INTERVAL '7200' SECOND AS DATE) AS STRING) AS `day`
  FROM `shop_activation`.`run_syncs`
  WHERE
    `sync` = 'people__mailer'
    AND NOT `judged_adds` IS NULL
    AND `started_at` >= CAST('2026-10-23 22:00:00.000000' AS TIMESTAMP)
    AND `started_at` < CAST('2026-10-25 01:00:00.000000' AS TIMESTAMP)
  UNION ALL
  SELECT
    *,
    CAST(CAST(`started_at` + INTERVAL '3600' SECOND AS DATE) AS STRING) AS `day`
  FROM `shop_activation`.`run_syncs`
  WHERE
    `sync` = 'people__mailer'
    AND NOT `judged_adds` IS NULL
    AND `started_at` >= CAST('2026-10-25 01:00:00.000000' AS TIMESTAMP)
    AND `started_at` < CAST('2026-10-25 23:00:00.000000' AS TIMESTAMP)
)
SELECT
  `day`,
  MAX(CASE WHEN `is_learned` THEN `earlier_adds` + `judged_adds` END) AS `adds`,
  MAX(CASE WHEN `is_learned` THEN `earlier_changes` + `judged_changes` END) AS `changes`,
  MAX(CASE WHEN `is_learned` THEN `earlier_removes` + `judged_removes` END) AS `removes`,
  MAX(CASE WHEN `is_learned` AND NOT `approved_by` IS NULL THEN 1 ELSE 0 END) AS `approved`,
  SUM(CASE WHEN `part` = `parts` THEN `sent_adds` ELSE 0 END) AS `sent_adds`,
  SUM(CASE WHEN `part` = `parts` THEN `sent_changes` ELSE 0 END) AS `sent_changes`,
  SUM(CASE WHEN `part` = `parts` THEN `sent_removes` ELSE 0 END) AS `sent_removes`
FROM (
  SELECT
    *,
    COALESCE(
      SUM(`sent_adds`) OVER (
        PARTITION BY `day`, `part`
        ORDER BY `epoch`
        rows BETWEEN UNBOUNDED preceding AND 1 preceding
      ),
      0
    ) AS `earlier_adds`,
    COALESCE(
      SUM(`sent_changes`) OVER (
        PARTITION BY `day`, `part`
        ORDER BY `epoch`
        rows BETWEEN UNBOUNDED preceding AND 1 preceding
      ),
      0
    ) AS `earlier_changes`,
    COALESCE(
      SUM(`sent_removes`) OVER (
        PARTITION BY `day`, `part`
        ORDER BY `epoch`
        rows BETWEEN UNBOUNDED preceding AND 1 preceding
      ),
      0
    ) AS `earlier_removes`
  FROM (
    SELECT
      `r`.`day`,
      `r`.`epoch`,
      `r`.`approved_by`,
      `r`.`status` <> 'held' OR NOT `r`.`approved_by` IS NULL AS `is_learned`,
      `r`.`judged_adds`,
      `r`.`judged_changes`,
      `r`.`judged_removes`,
      `r`.`sent_adds`,
      `r`.`sent_changes`,
      `r`.`sent_removes`,
      COALESCE(
        COUNT(`r`.`approved_by`) OVER (
          PARTITION BY `r`.`day`
          ORDER BY `r`.`epoch`
          rows BETWEEN UNBOUNDED preceding AND 1 preceding
        ),
        0
      ) AS `part`,
      COUNT(`r`.`approved_by`) OVER (PARTITION BY `r`.`day`) AS `parts`
    FROM `activation_runs` AS `r`
  ) AS `parted`
) AS `summed`
GROUP BY
  `day`;
