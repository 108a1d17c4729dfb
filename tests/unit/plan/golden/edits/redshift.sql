WITH "activation_old" AS (
  SELECT
    CASE
      WHEN CAST("m"."id" AS VARCHAR(65535)) = ''
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR(65535))), '')
      ELSE CAST("m"."id" AS VARCHAR(65535))
    END AS "identity",
    COALESCE("m"."visits", 0) AS "t_visits",
    "m"."email" AS "t_email",
    "m"."plan" AS "t_old"
  FROM (select * from shop.people -- all
  ) AS "m"
  WHERE
    NOT CASE
      WHEN CAST("m"."id" AS VARCHAR(65535)) = ''
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR(65535))), '')
      ELSE CAST("m"."id" AS VARCHAR(65535))
    END IS NULL
), "activation_new" AS (
  SELECT
    CASE
      WHEN CAST("m"."id" AS VARCHAR(65535)) = ''
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR(65535))), '')
      ELSE CAST("m"."id" AS VARCHAR(65535))
    END AS "identity",
    "m"."plan" AS "t_plan",
    COALESCE("m"."visits", 0) AS "t_visits",
    "m"."email" AS "t_email"
  FROM (select id, email, plan, visits from shop.people where visits > 1
  ) AS "m"
  WHERE
    NOT CASE
      WHEN CAST("m"."id" AS VARCHAR(65535)) = ''
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE ' %'
      OR CAST("m"."id" AS VARCHAR(65535)) LIKE '% '
      THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR(65535))), '')
      ELSE CAST("m"."id" AS VARCHAR(65535))
    END IS NULL
)
SELECT
  COUNT(
    DISTINCT CASE
      WHEN NOT "n"."identity" IS NULL AND NOT (
        NOT "o"."identity" IS NULL
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR(65535))
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL AND NOT (
        NOT "n"."identity" IS NULL
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR(65535))
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL
      AND NOT "n"."identity" IS NULL
      AND (
        NOT "n"."t_plan" IS NULL
        OR (
          NOT (
            FALSE
          )
          AND NOT COALESCE("o"."t_visits" = "n"."t_visits", "o"."t_visits" IS NULL AND "n"."t_visits" IS NULL)
        )
        OR (
          NOT (
            FALSE
          )
          AND NOT COALESCE("o"."t_email" = "n"."t_email", "o"."t_email" IS NULL AND "n"."t_email" IS NULL)
        )
        OR NOT "o"."t_old" IS NULL
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR(65535))
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL
      AND NOT (
        COALESCE((
          "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
        ), FALSE)
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR(65535))
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN COALESCE((
        "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
      ), FALSE)
      AND "o"."identity" IS NULL
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR(65535))
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN NOT "o"."identity" IS NULL
      AND COALESCE((
        "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
      ), FALSE)
      AND (
        (
          NOT COALESCE("o"."t_visits" = "s"."t_visits", "o"."t_visits" IS NULL AND "s"."t_visits" IS NULL)
          OR (
            COALESCE(POSITION(',t_visits,' IN "s"."unsure"), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR (
          NOT COALESCE(
            MD5('' || CAST("o"."t_email" AS VARCHAR(65535))) = "s"."t_email",
            MD5('' || CAST("o"."t_email" AS VARCHAR(65535))) IS NULL
            AND "s"."t_email" IS NULL
          )
          OR (
            COALESCE(POSITION(',t_email,' IN "s"."unsure"), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
      )
      THEN "k"."identity"
      ELSE CAST(NULL AS VARCHAR(65535))
    END
  )
FROM (
  SELECT
    "s"."identity"
  FROM "shop_activation"."snapshot_people__mailer" AS "s"
  WHERE
    (
      "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
    )
  UNION
  SELECT
    "identity"
  FROM "activation_old"
  UNION
  SELECT
    "identity"
  FROM "activation_new"
) AS "k"
LEFT JOIN "activation_old" AS "o"
  ON "o"."identity" = "k"."identity"
LEFT JOIN "activation_new" AS "n"
  ON "n"."identity" = "k"."identity"
LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
  ON "s"."identity" = "k"."identity";
